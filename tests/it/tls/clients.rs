//! Client certificates.

use super::laws::{Client, Offer, Server, VERSIONS, made, run_whole};
use bytegate::tls::rustls::HandshakeKind;
use bytegate::tls::rustls::crypto::ring;
use bytegate::tls::rustls::pki_types::{PrivateKeyDer, UnixTime};
use bytegate::tls::rustls::time_provider::TimeProvider;
use bytegate::tls::{SelfSigned, Tls, TlsOptions};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, SerialNumber, date_time_ymd,
};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// An authority for clients.
pub(super) fn authority(name: &str) -> CertifiedIssuer<'static, KeyPair> {
    let mut params = CertificateParams::new(Vec::new()).unwrap();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, name);
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// A client with a certificate from an authority, which has this number and is valid from 2020 until the beginning of a year.
pub(super) fn client_of(
    authority: &CertifiedIssuer<'static, KeyPair>,
    number: u64,
    until: i32,
) -> Offer {
    let mut params = CertificateParams::new(Vec::from(["ada".to_string()])).unwrap();
    params.serial_number = Some(SerialNumber::from(number));
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(until, 1, 1);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, authority).unwrap();
    let mut offer = Offer::default();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    offer.certificate = Some((certificate.der().clone(), key));
    offer
}

pub(super) fn options() -> TlsOptions {
    TlsOptions::new().certificate_pem(made().certificate_pem(), made().key_pem())
}

/// The certificate and its fingerprint as the application sees them, or the error of the server.
pub(super) fn connect(
    tls: &Tls,
    offer: &Offer,
) -> Result<(Option<Vec<u8>>, Option<String>), String> {
    let (mut client, mut server) = (offer.start(), Server::new(tls));
    run_whole(&mut client, &mut server);
    match server.error {
        Some(error) => {
            assert!(client.error.is_some());
            Err(error)
        }
        None => {
            let info = server.connection.info().expect("a handshake");
            let certificate = info.client_certificate().map(<[u8]>::to_vec);
            Ok((certificate, info.client_fingerprint()))
        }
    }
}

#[test]
fn a_client_certificate_is_verified_and_shown() {
    let trusted = authority("trusted");
    let untrusted = authority("untrusted");
    let required = options().client_authorities_pem(trusted.pem());
    let accepted = options()
        .client_authorities_pem(trusted.pem())
        .allow_clients_without_certificate();
    let (required, accepted) = (required.build().unwrap(), accepted.build().unwrap());
    for version in VERSIONS {
        let good = client_of(&trusted, 1, 2090).version(version);
        let (wrong, none) = (client_of(&untrusted, 1, 2090), Offer::default());
        let (wrong, none) = (wrong.version(version), none.version(version));
        let expected = good.certificate.as_ref().unwrap().0.to_vec();
        for tls in [&required, &accepted] {
            let (certificate, fingerprint) = connect(tls, &good).unwrap();
            assert_eq!(certificate.as_ref(), Some(&expected));
            assert_eq!(fingerprint.unwrap().len(), 32 * 3 - 1);
            assert!(connect(tls, &wrong).is_err());
        }
        assert!(connect(&required, &none).is_err());
        assert_eq!(connect(&accepted, &none), Ok((None, None)));
        // A server that asks for none gets none.
        assert_eq!(connect(&super::laws::tls(), &good), Ok((None, None)));
    }
}

/// A clock that stands still.
#[derive(Debug)]
struct At(Duration);

impl TimeProvider for At {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(self.0))
    }
}

#[test]
fn a_client_certificate_expires_at_the_time_of_the_server() {
    let trusted = authority("trusted");
    let client = client_of(&trusted, 1, 2090);
    const YEAR: u64 = 365 * 86_400;
    for (year, is_served) in [(2085, true), (2091, false)] {
        let now = Duration::from_secs((year - 1970) * YEAR);
        let made = bytegate::tls::SelfSigned::valid_between(["localhost"], Duration::ZERO, now * 2);
        let made = made.unwrap();
        let tls = TlsOptions::new()
            .certificate_pem(made.certificate_pem(), made.key_pem())
            .client_authorities_pem(trusted.pem())
            .time_provider(Arc::new(At(now)))
            .build()
            .unwrap();
        let mut offer = Offer::trusting([made.certificate_pem()]);
        offer.certificate = Some({
            let (certificate, key) = client.certificate.as_ref().unwrap();
            (certificate.clone(), key.clone_key())
        });
        assert_eq!(connect(&tls, &offer).is_ok(), is_served, "{year}");
    }
}

/// A clock that a test sets.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl TimeProvider for Clock {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = self.0.load(Ordering::SeqCst);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

#[test]
fn a_certificate_of_a_client_is_verified_at_each_connection() {
    const YEAR: u64 = 365 * 86_400;
    let trusted = authority("trusted");
    let whole = SelfSigned::valid_between(
        ["localhost"],
        Duration::ZERO,
        Duration::from_secs(200 * YEAR),
    );
    let whole = whole.unwrap();
    let clock = Arc::new(Clock::default());
    let options = || {
        let tls = TlsOptions::new().certificate_pem(whole.certificate_pem(), whole.key_pem());
        tls.time_provider(clock.clone())
    };
    let provider = || Arc::new(ring::default_provider());
    for (tls, may_resume) in [
        (options(), true),
        (options().crypto_provider(provider()), true),
        (options().client_authorities_pem(trusted.pem()), false),
        (
            options()
                .client_authorities_pem(trusted.pem())
                .allow_clients_without_certificate(),
            false,
        ),
        (
            options()
                .crypto_provider(provider())
                .client_authorities_pem(trusted.pem()),
            false,
        ),
    ] {
        let tls = tls.build().unwrap();
        for version in VERSIONS {
            let mut offer = Offer::trusting([whole.certificate_pem()]).version(version);
            offer.certificate = client_of(&trusted, 1, 2090).certificate;
            let config = offer.config();
            let connect_in = |year: u64| {
                clock.0.store((year - 1970) * YEAR, Ordering::SeqCst);
                let name = "localhost".try_into().unwrap();
                let mut client = Client::new(config.clone(), name);
                let mut server = Server::new(&tls);
                run_whole(&mut client, &mut server);
                match server.error {
                    None => Ok(client.connection.handshake_kind().unwrap()),
                    Some(error) => Err(error),
                }
            };
            assert_eq!(connect_in(2080), Ok(HandshakeKind::Full));
            let again = connect_in(2080);
            let after_its_end = connect_in(2091);
            if may_resume {
                assert_eq!(again, Ok(HandshakeKind::Resumed));
            } else {
                assert_eq!(again, Ok(HandshakeKind::Full));
                assert!(after_its_end.unwrap_err().contains("expired"));
            }
        }
    }
}
