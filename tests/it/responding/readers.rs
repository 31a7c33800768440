//! Bodies that are read while they are sent.

use super::*;

/// Yields its parts one by one. A part that is `None` is an error.
struct Parts(Vec<Option<Vec<u8>>>);

impl Read for Parts {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.0.is_empty() {
            return Ok(0);
        }
        let part = self.0.remove(0).ok_or(io::ErrorKind::Other)?;
        let count = part.len().min(buffer.len());
        buffer[..count].copy_from_slice(&part[..count]);
        if count < part.len() {
            self.0.insert(0, Some(part[count..].to_vec()));
        }
        Ok(count)
    }
}

/// The output and the reason why the connection closed, for a body from a reader.
fn read_by(parts: &[Option<&[u8]>], length: Option<u64>) -> (Vec<u8>, Wait) {
    let parts: Vec<_> = parts.iter().map(|part| part.map(<[u8]>::to_vec)).collect();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        Response::text(Body::from_reader(Parts(parts.clone()), length))
    });
    let mut client = Client::new(&gateway, GET);
    let wait = client.turn(&mut &b""[..]);
    (client.received, wait)
}

#[test]
fn a_reader_is_sent_in_blocks_of_at_most_64_kib() {
    let large = vec![b'x'; 150_000];
    let (output, wait) = read_by(&[Some(&large), Some(b"end")], None);
    assert!(matches!(wait, Wait::Read { .. }));
    let response = support::read_one(&output);
    assert_eq!(response.body(), [&large[..], b"end"].concat());
    let chunks = String::from_utf8_lossy(&output);
    assert_eq!(chunks.matches("\r\n10000\r\n").count(), 2);
    let (output, _) = read_by(&[Some(&large)], Some(150_000));
    let response = support::read_one(&output);
    assert_eq!(response.header("content-length"), Some("150000"));
    assert_eq!(response.body(), large);
}

#[test]
fn a_reader_that_fails_or_ends_early_cuts_the_body_off() {
    for (parts, length) in [
        (&[Some(&b"one"[..]), None][..], None),
        (&[Some(b"one"), None], Some(6)),
        (&[Some(b"one")], Some(6)),
        (&[None], Some(3)),
    ] {
        let (output, wait) = read_by(parts, length);
        assert_eq!(wait, Wait::Close(CloseReason::ResponseBroken), "{length:?}");
        assert!(!output.ends_with(b"0\r\n\r\n"));
    }
}

#[test]
fn a_reader_is_read_no_further_than_its_stated_length() {
    let (output, wait) = read_by(&[Some(b"one"), Some(b"two"), None], Some(5));
    assert!(matches!(wait, Wait::Read { .. }));
    assert_eq!(support::read_one(&output).body(), b"onetw");
    let (output, _) = read_by(&[None], Some(0));
    assert_eq!(support::read_one(&output).body(), b"");
}

/// A file that is removed at the end.
struct Temporary(std::path::PathBuf);

impl Temporary {
    fn new(name: &str, body: &[u8]) -> Temporary {
        let name = format!("bytegate-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::write(&path, body).expect("a file");
        Temporary(path)
    }

    fn open(&self) -> std::fs::File {
        std::fs::File::open(&self.0).expect("a file")
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// The output for a file that changes after its body was made, and the next wait of the connection.
fn served(file: std::fs::File, change: impl FnOnce()) -> (Vec<u8>, Wait) {
    let body = Mutex::new(Some(Body::file(file).expect("a regular file")));
    change();
    let gateway = Gateway::new(move |_: &Request<'_>| {
        Response::text(body.lock().expect("a body").take().expect("a body"))
    });
    let mut client = Client::new(&gateway, GET);
    let wait = client.turn(&mut &b""[..]);
    (client.received, wait)
}

#[test]
fn a_file_is_sent_from_its_position_with_the_length_that_it_had() {
    let temporary = Temporary::new("whole", b"0123456789");
    let append = || {
        let mut file = std::fs::OpenOptions::new()
            .append(true)
            .open(&temporary.0)
            .expect("a file");
        file.write_all(b"more").expect("it grows");
    };
    let (output, wait) = served(temporary.open(), append);
    assert!(matches!(wait, Wait::Read { .. }));
    let response = support::read_one(&output);
    assert_eq!(response.header("content-length"), Some("10"));
    assert_eq!(response.body(), b"0123456789");

    let mut file = temporary.open();
    file.seek(SeekFrom::Start(8)).expect("a position");
    let (output, _) = served(file, || {});
    assert_eq!(support::read_one(&output).body(), b"89more");
}

#[test]
fn a_file_that_shrinks_cuts_the_body_off() {
    let temporary = Temporary::new("shrinks", b"0123456789");
    let truncate = || std::fs::write(&temporary.0, b"01234").expect("it shrinks");
    let (output, wait) = served(temporary.open(), truncate);
    assert_eq!(wait, Wait::Close(CloseReason::ResponseBroken));
    assert!(output.ends_with(b"\r\n\r\n01234"));
}

#[cfg(unix)]
#[test]
fn only_a_regular_file_has_a_length() {
    let folder = std::fs::File::open(std::env::temp_dir()).expect("a folder");
    let error = Body::file(folder).expect_err("no regular file");
    assert_eq!(error.kind(), io::ErrorKind::InvalidInput);
    assert!(
        error.to_string().contains("use Body::from_reader"),
        "{error}"
    );
}
