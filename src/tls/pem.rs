//! Certificates and keys in PEM form, from memory or files.

use super::tls_error::TlsError;
use alloc::borrow::Cow;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use rustls::pki_types::pem::{self, PemObject};
use rustls::pki_types::{CertificateDer, CertificateRevocationListDer, PrivateKeyDer};
use std::fs;
use std::path::{Path, PathBuf};

/// Text in PEM form, or the file that contains it.
#[derive(Clone, Debug)]
pub(crate) enum Pem {
    Text(Vec<u8>),
    File(PathBuf),
}

impl Pem {
    pub(crate) fn read(&self) -> Result<Cow<'_, [u8]>, TlsError> {
        match self {
            Pem::Text(text) => Ok(text.into()),
            Pem::File(path) => match fs::read(path) {
                Ok(bytes) => Ok(bytes.into()),
                Err(error) => {
                    let shown = path.display();
                    Err(TlsError::new(format!("cannot read {shown}: {error}")))
                }
            },
        }
    }

    /// Returns the name of the file, for messages.
    pub(crate) fn name(&self, without_file: &str) -> String {
        self.path().map_or_else(
            || without_file.to_string(),
            |path| path.display().to_string(),
        )
    }

    fn path(&self) -> Option<&Path> {
        match self {
            Pem::Text(_) => None,
            Pem::File(path) => Some(path),
        }
    }
}

/// Reads all certificates. Returns an error if none is found.
pub(crate) fn certificates(
    pem: &Pem,
    without_file: &str,
) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    all(pem, without_file, "certificate", "CERTIFICATE")
}

/// Reads all revocation lists. Returns an error if none is found.
pub(super) fn revocation_lists(
    pem: &Pem,
    without_file: &str,
) -> Result<Vec<CertificateRevocationListDer<'static>>, TlsError> {
    all(pem, without_file, "revocation list", "X509 CRL")
}

/// Reads all sections with a label.
fn all<T: PemObject>(
    pem: &Pem,
    without_file: &str,
    kind: &str,
    label: &str,
) -> Result<Vec<T>, TlsError> {
    let text = pem.read()?;
    let name = || pem.name(without_file);
    let found: Result<Vec<T>, _> = T::pem_slice_iter(&text).collect();
    match found {
        Err(error) => Err(malformed(&name(), &error)),
        Ok(found) if found.is_empty() => Err(TlsError::new(format!(
            "{} has no {kind}: it must have a section that begins with -----BEGIN {label}-----",
            name()
        ))),
        Ok(found) => Ok(found),
    }
}

/// Reads the first private key.
pub(crate) fn key(pem: &Pem, without_file: &str) -> Result<PrivateKeyDer<'static>, TlsError> {
    let text = pem.read()?;
    let name = pem.name(without_file);
    if is_encrypted(&text) {
        let file = pem
            .path()
            .map_or("key.pem".into(), |path| path.display().to_string());
        return Err(TlsError::new(format!(
            "the private key in {name} is encrypted: decrypt it with openssl pkey -in {file} -out decrypted.pem"
        )));
    }
    match PrivateKeyDer::from_pem_slice(&text) {
        Ok(key) => Ok(key),
        Err(pem::Error::NoItemsFound) => Err(TlsError::new(format!(
            "{name} has no private key: it must have a section that begins with -----BEGIN PRIVATE KEY-----"
        ))),
        Err(error) => Err(malformed(&name, &error)),
    }
}

fn malformed(name: &str, error: &pem::Error) -> TlsError {
    TlsError::new(format!("{name} is not valid PEM: {error}"))
}

/// Returns whether the key is encrypted, in PKCS #8 form or in the older form of OpenSSL.
fn is_encrypted(text: &[u8]) -> bool {
    let mut lines = text.split(|byte| *byte == b'\n');
    lines.any(|line| {
        line.starts_with(b"-----BEGIN ENCRYPTED PRIVATE KEY-----")
            || line.starts_with(b"Proc-Type: 4,ENCRYPTED")
    })
}
