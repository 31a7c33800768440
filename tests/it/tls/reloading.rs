//! New certificates while a server runs.

use super::laws::{Offer, Server, made, run_whole};
use crate::temporary::Folder;
use bytegate::tls::{SelfSigned, Tls};
use std::fs;
use std::time::Duration;

/// Whether a new client that trusts this certificate is served.
fn serves(tls: &Tls, certificate: &SelfSigned) -> bool {
    let mut client = Offer::trusting([certificate.certificate_pem()]).start();
    let mut server = Server::new(tls);
    run_whole(&mut client, &mut server);
    client.error.is_none()
}

fn write(folder: &Folder, certificate: &str, key: &str) {
    folder.write("cert.pem", certificate.as_bytes());
    folder.write("key.pem", key.as_bytes());
}

#[test]
fn a_new_pair_is_used_for_new_connections_only() {
    let (old, new) = (made(), SelfSigned::new(["localhost"]).unwrap());
    let folder = Folder::new(&[]);
    write(&folder, old.certificate_pem(), old.key_pem());
    let tls = Tls::from_files(folder.path("cert.pem"), folder.path("key.pem")).unwrap();

    let mut client = Offer::trusting([old.certificate_pem()]).start();
    let mut server = Server::new(&tls);
    let hello = client.output();
    server.receive(&hello[..50]);
    write(&folder, new.certificate_pem(), new.key_pem());
    assert!(serves(&tls, old) && !serves(&tls, &new));
    tls.clone().reload().unwrap();
    assert!(serves(&tls, &new) && !serves(&tls, old));
    // The connection that had begun before goes on with the old one.
    server.receive(&hello[50..]);
    run_whole(&mut client, &mut server);
    assert_eq!((&client.error, &server.error), (&None, &None));
}

#[test]
fn a_wrong_pair_changes_nothing() {
    let (old, new) = (made(), SelfSigned::new(["localhost"]).unwrap());
    let day = Duration::from_secs(86_400);
    let expired = SelfSigned::valid_between(["localhost"], Duration::ZERO, day).unwrap();
    let folder = Folder::new(&[]);
    write(&folder, old.certificate_pem(), old.key_pem());
    let tls = Tls::from_files(folder.path("cert.pem"), folder.path("key.pem")).unwrap();
    for (certificate, key, reason) in [
        (new.certificate_pem(), old.key_pem(), "does not belong"),
        (expired.certificate_pem(), expired.key_pem(), "expired on"),
        ("", new.key_pem(), "no certificate"),
    ] {
        write(&folder, certificate, key);
        let error = tls.reload().unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
        assert!(serves(&tls, old));
    }
    fs::remove_file(folder.path("cert.pem")).unwrap();
    let error = tls.reload().unwrap_err().to_string();
    assert!(error.starts_with("cannot read "), "{error}");
    assert!(serves(&tls, old));
}

#[test]
fn tickets_stay_valid_after_a_reload() {
    let folder = Folder::new(&[]);
    write(&folder, made().certificate_pem(), made().key_pem());
    let tls = Tls::from_files(folder.path("cert.pem"), folder.path("key.pem")).unwrap();
    let config = Offer::default().config();
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let name = "localhost".try_into().unwrap();
        let mut client = super::laws::Client::new(config.clone(), name);
        run_whole(&mut client, &mut Server::new(&tls));
        kinds.push(format!("{:?}", client.connection.handshake_kind().unwrap()));
        tls.reload().unwrap();
    }
    assert_eq!(kinds, ["Full", "Resumed"]);
}
