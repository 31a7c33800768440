//! Certificates of clients that their authority has revoked.

use super::clients::{authority, client_of, connect, options};
use super::laws::{Client, Offer, Server, VERSIONS, run_whole};
use crate::temporary::Folder;
use bytegate::tls::Tls;
use rcgen::{
    CertificateRevocationListParams, CertifiedIssuer, KeyIdMethod, KeyPair, RevokedCertParams,
    SerialNumber, date_time_ymd,
};

type Authority = CertifiedIssuer<'static, KeyPair>;

/// A list of an authority, in PEM form, that is valid until the beginning of a year.
fn list(authority: &Authority, revoked: &[u64], until: i32) -> String {
    let revoked = revoked.iter().map(|number| RevokedCertParams {
        serial_number: SerialNumber::from(*number),
        revocation_time: date_time_ymd(2020, 1, 1),
        reason_code: None,
        invalidity_date: None,
    });
    let list = CertificateRevocationListParams {
        this_update: date_time_ymd(2020, 1, 1),
        next_update: date_time_ymd(until, 1, 1),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    let signed = list.signed_by(authority).expect("a list");
    signed.pem().expect("PEM")
}

/// Clients with these numbers in their certificates.
fn clients(authority: &Authority, numbers: [u64; 2]) -> [Offer; 2] {
    numbers.map(|number| client_of(authority, number, 2090))
}

#[test]
fn a_client_is_refused_if_its_certificate_is_revoked_or_has_no_valid_list() {
    let (ours, theirs) = (authority("ours"), authority("theirs"));
    let [ada, bob] = clients(&ours, [1, 2]);
    for (lists, expected) in [
        (vec![list(&ours, &[], 2090)], [true, true]),
        (vec![list(&ours, &[2], 2090)], [true, false]),
        (vec![list(&ours, &[1, 2], 2090)], [false, false]),
        // Nothing tells whether a certificate is revoked.
        (vec![list(&theirs, &[], 2090)], [false, false]),
        (vec![list(&ours, &[2], 2021)], [false, false]),
        (
            vec![list(&theirs, &[1], 2090), list(&ours, &[2], 2090)],
            [true, false],
        ),
    ] {
        let (one, many) = (options(), lists.concat());
        let one = one.client_authorities_pem(ours.pem());
        let each = lists.iter().fold(one.clone(), |options, list| {
            options.client_revocation_pem(&**list)
        });
        for options in [each, one.client_revocation_pem(many)] {
            let tls = options.build().expect("TLS");
            let served = [&ada, &bob].map(|client| connect(&tls, client).is_ok());
            assert_eq!(served, expected, "{lists:?}");
        }
    }
}

#[test]
fn a_list_that_is_no_list_is_named() {
    let ours = authority("ours");
    let certificate = ours.pem();
    let label = |label| format!("-----BEGIN {label}-----\nMAA=\n-----END {label}-----\n");
    let folder = Folder::new(&[
        ("certificate.pem", certificate.as_bytes()),
        ("broken.pem", label("X509 CRL").as_bytes()),
    ]);
    let built = |name: &str| {
        let options = options().client_authorities_pem(ours.pem());
        let built = options.client_revocation_file(folder.path(name)).build();
        built.expect_err("no list").to_string()
    };
    for (name, expected) in [
        ("none.pem", "cannot read FILE: "),
        ("certificate.pem", "FILE has no revocation list: it must"),
        ("broken.pem", "a revocation list in FILE is malformed: "),
    ] {
        let path = folder.path(name);
        let error = built(name).replace(path.to_str().expect("UTF-8"), "FILE");
        assert!(error.starts_with(expected), "{error}");
    }
    let lists = options().client_revocation_pem(list(&ours, &[], 2090));
    let error = lists.build().expect_err("no authority").to_string();
    assert_eq!(
        error,
        "a list of revoked certificates needs authorities for clients"
    );
}

/// A server that reads authorities and lists from files.
fn from_files(folder: &Folder) -> Tls {
    options()
        .client_authorities_file(folder.path("authority.pem"))
        .client_revocation_file(folder.path("revoked.pem"))
        .build()
        .expect("TLS")
}

#[test]
fn authorities_and_lists_are_read_again_by_a_reload_or_all_stay() {
    let (old, new) = (authority("old"), authority("new"));
    let folder = Folder::new(&[]);
    let write = |name: &str, text: &str| folder.write(name, text.as_bytes());
    write("authority.pem", &old.pem());
    write("revoked.pem", &list(&old, &[], 2090));
    let tls = from_files(&folder);
    let [ada, bob] = clients(&old, [1, 2]);
    let [eve, _] = clients(&new, [1, 2]);
    let served = || [&ada, &bob, &eve].map(|client| connect(&tls, client).is_ok());
    assert_eq!(served(), [true, true, false]);

    write("revoked.pem", &list(&old, &[2], 2090));
    assert_eq!(served(), [true, true, false]);
    tls.reload().expect("new files");
    assert_eq!(served(), [true, false, false]);

    write("authority.pem", &new.pem());
    write("revoked.pem", "");
    let error = tls.reload().expect_err("no list").to_string();
    assert!(
        error.contains("revoked.pem has no revocation list"),
        "{error}"
    );
    assert_eq!(served(), [true, false, false]);
    write("revoked.pem", &list(&new, &[], 2090));
    tls.reload().expect("new files");
    assert_eq!(served(), [false, false, true]);
}

#[test]
fn a_client_is_refused_as_soon_as_it_is_revoked() {
    let ours = authority("ours");
    for version in VERSIONS {
        let folder = Folder::new(&[]);
        folder.write("authority.pem", ours.pem().as_bytes());
        folder.write("revoked.pem", list(&ours, &[], 2090).as_bytes());
        let tls = from_files(&folder);
        let [ada, bob] = clients(&ours, [1, 2]);
        for (offer, is_revoked) in [(ada, false), (bob, true)] {
            folder.write("revoked.pem", list(&ours, &[], 2090).as_bytes());
            tls.reload().expect("new files");
            let config = offer.version(version).config();
            let connect = || {
                let name = "localhost".try_into().expect("a name");
                let (mut client, mut server) =
                    (Client::new(config.clone(), name), Server::new(&tls));
                run_whole(&mut client, &mut server);
                let kind = client.connection.handshake_kind();
                (server.error.is_none(), format!("{kind:?}"))
            };
            assert_eq!(connect(), (true, "Some(Full)".to_string()));
            // No session is resumed, so each connection verifies the certificate.
            assert_eq!(connect(), (true, "Some(Full)".to_string()));
            folder.write("revoked.pem", list(&ours, &[2], 2090).as_bytes());
            tls.reload().expect("new files");
            assert_eq!(connect().0, !is_revoked);
        }
    }
}
