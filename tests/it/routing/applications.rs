//! Every kind of application behind a router.

use super::*;

#[test]
fn all_ways_to_respond_work_through_a_router() {
    struct Prepared(PreparedResponse);

    impl Application for Prepared {
        fn call(&self, _: &Request<'_>) -> Response {
            unreachable!("a router asks for the reply")
        }

        fn reply<'a>(&'a self, _: &Request<'_>) -> Reply<'a> {
            Reply::Prepared(&self.0)
        }
    }

    struct Length(usize);

    impl Receiver for Length {
        fn data(&mut self, part: &[u8]) -> Result<(), Response> {
            self.0 += part.len();
            Ok(())
        }

        fn finish(self: Box<Self>, _: Headers<'_>) -> Response {
            Response::text(format!("{} bytes", self.0))
        }
    }

    struct Upload;

    impl Application for Upload {
        fn call(&self, _: &Request<'_>) -> Response {
            unreachable!("the body is not buffered")
        }

        fn admit(&self, request: &Request<'_>) -> Admission {
            match request.param("id") {
                Some("7") => Admission::stream(Length(0)),
                _ => Admission::refuse(Status::FORBIDDEN),
            }
        }
    }

    async fn hello(request: OwnedRequest) -> Result<String, Status> {
        let (tenant, id) = (request.param("tenant"), request.param("id"));
        assert_eq!(request.param("none"), None);
        Ok(format!(
            "hello {} of {}",
            id.ok_or(Status::NOT_FOUND)?,
            tenant.unwrap_or("-")
        ))
    }

    let prepared = PreparedResponse::new(Response::text("prepared")).expect("a response");
    let inner = Router::new()
        .get("/prepared/{id}", Prepared(prepared))
        .put("/upload/{id}", Upload)
        .get("/later/{id}", hello);
    let gateway = Gateway::new(Router::new().mount("/{tenant}", inner));
    assert_eq!(get(&gateway, "/t/prepared/1"), "prepared");
    assert_eq!(get(&gateway, "/t/later/ada"), "hello ada of t");
    let put = |path: &str| {
        let request = format!("PUT {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello");
        let output = gateway.handle(request.as_bytes());
        outcome(&support::read_one(&output))
    };
    assert_eq!(put("/t/upload/7"), "5 bytes");
    assert_eq!(put("/t/upload/8"), "403");
    assert_eq!(put("/t/prepared/7"), "405");
    assert_eq!(put("/t/nothing"), "404");
}
