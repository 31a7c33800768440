//! Two versions respond to any bytes in the same way: in one piece, and cut in two.
#![no_main]

use libfuzzer_sys::fuzz_target;

/// The same gateway, made by each of the two versions, and its output for some pieces of input.
macro_rules! version {
    ($name:ident, $crate_name:ident) => {
        mod $name {
            use std::sync::LazyLock;
            use $crate_name::{Config, ConnectionInfo, Gateway, Now, Request, Router, Site, Wait};

            static GATEWAY: LazyLock<Gateway> = LazyLock::new(|| {
                let site = Site::new()
                    .file("/index.html", "<h1>Hello, world</h1>")
                    .file("/empty", "")
                    .file("/sub/index.html", "below")
                    .file("/large", vec![b'x'; 20_000]);
                let router = Router::new()
                    .suffix(".py", |request: &Request<'_>| {
                        format!("{:?} {:?}", request, request.body())
                    })
                    .get("/hello/{name}", |request: &Request<'_>| {
                        request.param("name").unwrap_or_default().to_string()
                    })
                    .fallback(site);
                let mut config = Config::default();
                config.limits.requests = 3;
                config.limits.head_bytes = 300;
                config.limits.header_line_bytes = 100;
                config.limits.request_line_bytes = 100;
                config.limits.body_bytes = 200;
                config.limits.headers = 6;
                Gateway::new(router).config(config)
            });

            pub fn whole(input: &[u8], dated: bool) -> Vec<u8> {
                let now = if dated {
                    Now::at_unix(784_111_777)
                } else {
                    Now::default()
                };
                GATEWAY.handle_at(input, now).to_vec()
            }

            pub fn in_two(input: &[u8], cut: usize) -> Vec<u8> {
                let mut session = GATEWAY.session(ConnectionInfo::default());
                let (mut held, mut output) = (Vec::new(), Vec::new());
                let (first, second) = input.split_at(cut.min(input.len()));
                let mut pieces = [first, second].into_iter();
                loop {
                    match session.turn(&mut held, Now::default()) {
                        Wait::Write { .. } => output.extend(session.take_output()),
                        Wait::Read { .. } => match pieces.next() {
                            Some(piece) => held.extend_from_slice(piece),
                            None => session.end_input(),
                        },
                        Wait::Pending { .. } | Wait::Close(_) => return output,
                        // An earlier version may have no other.
                        #[allow(unreachable_patterns)]
                        _ => {}
                    }
                }
            }
        }
    };
}

version!(new, bytegate);
version!(old, before);

fuzz_target!(|input: &[u8]| {
    let Some((&choice, input)) = input.split_first() else {
        return;
    };
    let dated = choice % 2 == 1;
    assert_eq!(
        String::from_utf8_lossy(&new::whole(input, dated)),
        String::from_utf8_lossy(&old::whole(input, dated)),
    );
    let cut = usize::from(choice / 2) * input.len() / 127;
    assert_eq!(
        String::from_utf8_lossy(&new::in_two(input, cut)),
        String::from_utf8_lossy(&old::in_two(input, cut)),
    );
});
