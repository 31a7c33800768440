//! Descriptors and processor time of the whole process.

use super::*;

#[cfg(target_os = "linux")]
#[test]
fn broken_connections_leak_no_sockets() {
    fn sockets() -> usize {
        let descriptors = std::fs::read_dir("/proc/self/fd").expect("descriptors");
        let targets = descriptors.filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok());
        targets
            .filter(|target| target.to_string_lossy().starts_with("socket:"))
            .count()
    }
    let server = Setup::alone(echo_or_large).start();
    let before = sockets();
    for number in 0..200 {
        let mut client = server.connect();
        match number % 5 {
            0 => {}
            1 => client.send(&GET[..10]),
            2 => client.send(&post(b"hello")[..50]),
            // Closing with an unread response sends a reset.
            3 => {
                client.send(GET);
                client.socket().peek(&mut [0]).expect("an answer");
            }
            _ => {
                client.send(get("/large"));
                let part = client.0.read_exact(&mut [0; 65_536]);
                part.expect("a part");
            }
        }
    }
    soon("all sockets are closed", || sockets() <= before);
    assert_eq!(server.connect().get("/").status(), 200);
}

#[cfg(target_os = "linux")]
#[test]
fn waiting_connections_use_no_processor_time() {
    /// In hundredths of a second.
    fn processor_time() -> u64 {
        let stat = std::fs::read_to_string("/proc/self/stat").expect("statistics");
        let (_, stat) = stat.rsplit_once(") ").expect("a name");
        let times = stat.split(' ').skip(11).take(2);
        times.map(|time| time.parse::<u64>().expect("ticks")).sum()
    }
    let server = Setup::alone(echo_or_large).start();
    let mut used = server.connect();
    assert_eq!(used.get("/").status(), 200);
    let begun = server.connect();
    begun.send(&GET[..10]);
    let uploading = server.connect();
    uploading.send(&post(b"hello")[..50]);
    // It neither reads nor sends any more.
    let stuck = server.connect();
    stuck.send(get("/large"));
    stuck.end();
    stuck.socket().peek(&mut [0]).expect("an answer begins");
    // It was refused, but stays connected.
    let mut refused = server.connect();
    refused.send("nonsense\r\n\r\n");
    assert_eq!(refused.response().status(), 400);
    let before = processor_time();
    thread::sleep(millis(500));
    let spent = processor_time() - before;
    assert!(spent <= 10, "{spent} hundredths of a second");
}
