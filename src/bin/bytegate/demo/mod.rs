//! The site and application of the tutorial. They are a worked example, and what the program serves by default. Tests
//! and the example `tutorial` use them too.
#![allow(dead_code, unreachable_pub)]

pub mod mini_frame;

use bytegate::{Gateway, Router, Site, wsgi};

/// The suffix that distinguishes programs from pages in the tutorial.
pub const DYNAMIC_SUFFIX: &str = ".py";

/// Creates a gateway that serves the static pages, and [`mini_frame::application`] for paths that end in `.py`.
pub fn gateway() -> Gateway {
    let router = Router::new().suffix(DYNAMIC_SUFFIX, wsgi::adapt(mini_frame::application));
    Gateway::new(router.fallback(site()))
}

/// Creates the site with the static pages, compiled in from `fixtures/site`.
pub fn site() -> Site {
    Site::new()
        .file(
            "/index.html",
            include_str!("../../../../fixtures/site/index.html"),
        )
        .file(
            "/about.html",
            include_str!("../../../../fixtures/site/about.html"),
        )
        .file(
            "/404.html",
            include_str!("../../../../fixtures/site/404.html"),
        )
        .file(
            "/docs/index.html",
            include_str!("../../../../fixtures/site/docs/index.html"),
        )
        .file(
            "/style.css",
            include_str!("../../../../fixtures/site/style.css"),
        )
        .file(
            "/script.js",
            include_str!("../../../../fixtures/site/script.js"),
        )
        .file(
            "/logo.png",
            &include_bytes!("../../../../fixtures/site/logo.png")[..],
        )
}
