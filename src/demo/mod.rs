//! The tutorial's site and application: a worked example, and what the program serves by default.
//!
//! ```
//! let reply = bytegate::demo::gateway().handle(b"GET /login.py HTTP/1.1\r\nHost: localhost\r\n\r\n");
//! assert!(reply.starts_with(b"HTTP/1.1 200 OK\r\n"));
//! ```

pub mod mini_frame;

use crate::{Gateway, Router, Site, wsgi};

/// The suffix by which the tutorial told pages from programs.
pub const DYNAMIC_SUFFIX: &str = ".py";

/// The static pages, and [`mini_frame::application`] for paths that end in `.py`.
pub fn gateway() -> Gateway {
    let router = Router::new().suffix(DYNAMIC_SUFFIX, wsgi(mini_frame::application));
    Gateway::new(router.fallback(site()))
}

/// The static pages alone, compiled in from `fixtures/site`.
pub fn site() -> Site {
    Site::new()
        .file(
            "/index.html",
            include_str!("../../fixtures/site/index.html"),
        )
        .file(
            "/about.html",
            include_str!("../../fixtures/site/about.html"),
        )
        .file("/404.html", include_str!("../../fixtures/site/404.html"))
        .file(
            "/docs/index.html",
            include_str!("../../fixtures/site/docs/index.html"),
        )
        .file("/style.css", include_str!("../../fixtures/site/style.css"))
        .file("/script.js", include_str!("../../fixtures/site/script.js"))
        .file(
            "/logo.png",
            &include_bytes!("../../fixtures/site/logo.png")[..],
        )
}
