//! Downloads with curl.

use super::*;

#[test]
fn curl_resumes_a_download_that_was_cut() {
    if !has_curl() {
        return;
    }
    let content = numbers(48 << 20);
    let folder = Folder::new(&[("large.bin", &content)]);
    let (server, _) = serve(&folder);
    let (target, url) = (Folder::new(&[]), server.url("/large.bin"));
    let slowly = ["--limit-rate", "1M", "--max-time", "1"];
    let cut = run(
        "curl",
        &[&["-sS", "-o", "part.bin"], &slowly[..], &[&url]].concat(),
        &target,
    );
    assert_eq!(cut.status.code(), Some(28), "a time-out");
    let received = read(&target, "part.bin").len();
    assert!(
        (1..content.len()).contains(&received),
        "{received} bytes were received"
    );
    let report = output_of(
        "curl",
        &[
            "-sS",
            "-C",
            "-",
            "-o",
            "part.bin",
            "-w",
            "%{http_code} %{size_download}",
            &url,
        ],
        &target,
    );
    assert_eq!(report, format!("206 {}", content.len() - received));
    assert!(read(&target, "part.bin") == content, "the bytes differ");
}

#[test]
fn curl_downloads_only_changed_files_again() {
    if !has_curl() {
        return;
    }
    for bytes in [100, 200_000] {
        let folder = Folder::new(&[("a.bin", &numbers(bytes))]);
        let (server, watched) = serve(&folder);
        let (target, url) = (Folder::new(&[]), server.url("/a.bin"));
        let tags = ["--etag-save", "tag", "--etag-compare", "tag"];
        let arguments = [&["-sS", "-o", "a.bin"], &tags[..], &[&url]].concat();
        target.write("tag", b"");
        output_of("curl", &arguments, &target);
        let copy = read(&target, "a.bin");
        assert!(copy == numbers(bytes));
        // Some versions of curl empty the ETag file if nothing is new.
        let kept = read(&target, "tag");
        output_of("curl", &arguments, &target);
        target.write("tag", &kept);
        folder.write("a.bin", b"changed");
        wait_until_noticed();
        output_of("curl", &arguments, &target);
        assert_eq!(read(&target, "a.bin"), b"changed");
        let statuses: Vec<u16> = watched.take().iter().map(|it| it.status).collect();
        assert_eq!(statuses, [200, 304, 200], "{bytes} bytes");
    }
}
