//! Servers that break a rule on purpose.

use super::*;

fn faulty_output(fault: Fault) -> Vec<u8> {
    let router = Router::new()
        .get("/stream", |_: &Request<'_>| {
            Response::text(Body::from_iterator(["one", "two"].into_iter()))
        })
        .fallback(|_: &Request<'_>| "hello\n");
    let gateway = Gateway::new(router);
    let path = match fault {
        Fault::BrokenChunk => "/stream",
        _ => "/",
    };
    let mut stream = Pipe::connect_faulty(&gateway, fault);
    let request = format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).unwrap();
    let mut output = Vec::new();
    stream.read_to_end(&mut output).unwrap();
    output
}

#[test]
fn faults_break_the_rule_that_they_name() {
    let rule = |fault| {
        let output = faulty_output(fault);
        read_responses(&output, &[Method::GET]).unwrap_err().rule()
    };
    assert!(rule(Fault::CutAfter(10)).starts_with("a status line must end"));
    assert!(rule(Fault::CutAfter(60)).starts_with("a header line must end"));
    assert!(rule(Fault::ContentLength(7)).starts_with("the body must be as long"));
    assert!(rule(Fault::ContentLength(5)).starts_with("no bytes may follow"));
    assert!(rule(Fault::BrokenChunk).starts_with("the size of a chunk"));
    let garbage = Fault::Garbage {
        after: 17,
        bytes: b"\x00\r\n".to_vec(),
    };
    assert!(rule(garbage).starts_with("a header line must have a colon"));
    let drip = Fault::Drip {
        bytes: 7,
        pause: Duration::from_micros(10),
    };
    let output = faulty_output(drip);
    let responses = read_responses(&output, &[Method::GET]).unwrap();
    assert_eq!(responses[0].text(), "hello\n");
}

#[test]
fn a_stalled_server_keeps_the_connection_open() {
    use bytegate::blocking::BlockingStream;
    let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
    let mut stream = Pipe::connect_faulty(&gateway, Fault::StallAfter(20));
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        .unwrap();
    let mut start = [0; 20];
    stream.read_exact(&mut start).unwrap();
    stream.set_timeout(Some(Duration::from_millis(50))).unwrap();
    assert_eq!(
        stream.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::TimedOut
    );
}

#[test]
fn a_response_without_chunks_is_sent_unchanged_and_the_connection_stays_open() {
    use bytegate::blocking::BlockingStream;
    let gateway = Gateway::new(|_: &Request<'_>| "no line end");
    let mut stream = Pipe::connect_faulty(&gateway, Fault::BrokenChunk);
    stream.set_timeout(Some(Duration::from_secs(5))).unwrap();
    let mut output = Vec::new();
    for _ in 0..2 {
        stream
            .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .unwrap();
        output.clear();
        while !output.ends_with(b"\r\n\r\nno line end") {
            let mut byte = [0];
            stream.read_exact(&mut byte).expect("the whole answer");
            output.push(byte[0]);
        }
    }
}

#[test]
fn faults_also_work_over_tcp() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let served = Arc::new(AtomicUsize::new(0));
    let count = served.clone();
    let server = std::thread::spawn(move || {
        let gateway = Gateway::new(|_: &Request<'_>| "hello\n");
        let (stream, _) = listener.accept().unwrap();
        let faulty = Faulty::new(stream, Fault::CutAfter(30));
        let ended = gateway.serve_stream(faulty, ConnectionInfo::default());
        count.fetch_add(usize::from(ended.is_err()), Ordering::SeqCst);
    });
    let mut stream = TcpStream::connect(address).unwrap();
    stream
        .write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        .unwrap();
    let mut output = Vec::new();
    stream.read_to_end(&mut output).unwrap();
    assert_eq!(output.len(), 30);
    drop(stream);
    server.join().unwrap();
    assert_eq!(served.load(Ordering::SeqCst), 1);
}
