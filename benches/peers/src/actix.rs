//! actix-web 4.

use crate::{BIG, BIG_TYPE, Outcome, PAGE, PAGE_TYPE, THREADS};
use actix_web::{App, HttpResponse, HttpServer, rt, web};
use bytes::Bytes;
use std::net::TcpListener;
use std::time::Duration;

pub(crate) fn serve(listener: TcpListener) -> Outcome {
    rt::System::new().block_on(async {
        HttpServer::new(|| {
            App::new()
                .route("/index.html", web::get().to(page))
                .route("/big.bin", web::get().to(big))
        })
        .workers(THREADS)
        // The default of 5 s is too short to measure the cost of waiting connections.
        .keep_alive(Duration::from_secs(75))
        .listen(listener)?
        .run()
        .await
    })?;
    Ok(())
}

async fn page() -> HttpResponse {
    HttpResponse::Ok().content_type(PAGE_TYPE).body(PAGE)
}

async fn big() -> HttpResponse {
    HttpResponse::Ok()
        .content_type(BIG_TYPE)
        .body(Bytes::from_static(&BIG))
}
