//! Downloads with aria2.

use super::*;

#[test]
fn aria2_downloads_eight_parts_at_once() {
    if !has("aria2c", &["--version"], "aria2") {
        return;
    }
    let content = numbers(16 << 20);
    let folder = Folder::new(&[("large.bin", &content)]);
    let (server, watched) = serve(&folder);
    let target = Folder::new(&[]);
    let url = server.url("/large.bin");
    output_of(
        "aria2c",
        &[
            "-x8",
            "-s8",
            "-k1M",
            "--no-conf",
            "--file-allocation=none",
            "--timeout=20",
            "-q",
            &url,
        ],
        &target,
    );
    assert!(read(&target, "large.bin") == content, "the bytes differ");
    let responses = watched.take();
    let starts: std::collections::BTreeSet<String> = responses
        .iter()
        .filter(|response| response.status == 206)
        .filter_map(|response| Some(response.range.as_ref()?.split('-').next()?.to_string()))
        .collect();
    assert!(starts.len() >= 7, "{responses:?}");
}
