//! A private key, and where receivers find its other half.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_lc_rs::digest;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ED25519, Ed25519KeyPair, KeyPair as _, RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_SHA256, RsaKeyPair, UnparsedPublicKey,
};
use data_encoding::BASE64;
use rustls::pki_types::PrivateKeyDer;
use rustls::pki_types::pem::PemObject as _;

use super::DkimFault;

/// Fewest octets of a modulus that receivers take seriously: 1024 bits (RFC 8301 section 3.2).
const LEAST: usize = 128;

/// A key that signs for a domain; its public half is published under `<selector>._domainkey.<domain>`.
pub struct DkimKey {
    domain: String,
    selector: String,
    secret: Secret,
    /// Whether a signature of it was found to hold.
    proven: AtomicBool,
}

enum Secret {
    Rsa(RsaKeyPair, SystemRandom),
    Ed25519(Ed25519KeyPair),
}

impl DkimKey {
    /// An RSA key in PEM form, PKCS#8 or PKCS#1.
    pub fn rsa(domain: &str, selector: &str, pem: &str) -> Result<Self, DkimFault> {
        let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| DkimFault::NoKey)? {
            PrivateKeyDer::Pkcs8(der) => RsaKeyPair::from_pkcs8(der.secret_pkcs8_der()),
            PrivateKeyDer::Pkcs1(der) => RsaKeyPair::from_der(der.secret_pkcs1_der()),
            _ => return Err(DkimFault::NotRsa),
        }
        .map_err(|_| DkimFault::NotRsa)?;
        if key.public_modulus_len() < LEAST {
            return Err(DkimFault::TooShort);
        }
        Ok(Self::new(domain, selector, Secret::Rsa(key, SystemRandom::new())))
    }

    /// An Ed25519 key in PEM form, PKCS#8 (RFC 8463, RFC 8410).
    pub fn ed25519(domain: &str, selector: &str, pem: &str) -> Result<Self, DkimFault> {
        let key = match PrivateKeyDer::from_pem_slice(pem.as_bytes()).map_err(|_| DkimFault::NoKey)? {
            PrivateKeyDer::Pkcs8(der) => Ed25519KeyPair::from_pkcs8(der.secret_pkcs8_der()),
            _ => return Err(DkimFault::NotEd25519),
        };
        Ok(Self::new(domain, selector, Secret::Ed25519(key.map_err(|_| DkimFault::NotEd25519)?)))
    }

    fn new(domain: &str, selector: &str, secret: Secret) -> Self {
        Self { domain: domain.to_owned(), selector: selector.to_owned(), secret, proven: AtomicBool::new(false) }
    }

    pub(super) fn domain(&self) -> &str {
        &self.domain
    }

    pub(super) fn selector(&self) -> &str {
        &self.selector
    }

    pub(super) fn algorithm(&self) -> &'static str {
        match self.secret {
            Secret::Rsa(..) => "rsa-sha256",
            Secret::Ed25519(_) => "ed25519-sha256",
        }
    }

    /// The record to publish: its name, and the text of its TXT.
    pub fn record(&self) -> (String, String) {
        let name = format!("{}._domainkey.{}", self.selector, self.domain);
        let text = match &self.secret {
            Secret::Rsa(key, _) => format!("v=DKIM1; k=rsa; h=sha256; p={}", BASE64.encode(&public_key_info(key.public_key().as_ref()))),
            Secret::Ed25519(key) => format!("v=DKIM1; k=ed25519; h=sha256; p={}", BASE64.encode(key.public_key().as_ref())),
        };
        (name, text)
    }

    /// Signs octets; Ed25519 takes their hash for the message (RFC 8463 section 3).
    pub(super) fn sign(&self, spoken: &[u8]) -> Result<Vec<u8>, DkimFault> {
        match &self.secret {
            Secret::Rsa(key, chance) => {
                let mut signature = vec![0; key.public_modulus_len()];
                key.sign(&RSA_PKCS1_SHA256, chance, spoken, &mut signature).map_err(|_| DkimFault::Signing)?;
                Ok(signature)
            }
            Secret::Ed25519(key) => {
                let signature = key.try_sign(digest::digest(&digest::SHA256, spoken).as_ref()).map_err(|_| DkimFault::Signing)?;
                Ok(signature.as_ref().to_vec())
            }
        }
    }

    /// Whether the public half believes a signature.
    pub(super) fn believes(&self, spoken: &[u8], signature: &[u8]) -> bool {
        match &self.secret {
            Secret::Rsa(key, _) => {
                let key = UnparsedPublicKey::new(&RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, key.public_key());
                key.verify(spoken, signature).is_ok()
            }
            Secret::Ed25519(key) => {
                let hash = digest::digest(&digest::SHA256, spoken);
                UnparsedPublicKey::new(&ED25519, key.public_key()).verify(hash.as_ref(), signature).is_ok()
            }
        }
    }

    /// Looks at a signature unless one was found to hold before; a debug build looks at every one.
    pub(super) fn prove_once(&self, holds: impl FnOnce() -> bool) -> Result<(), DkimFault> {
        if !cfg!(debug_assertions) && self.proven.load(Ordering::Relaxed) {
            return Ok(());
        }
        if !holds() {
            return Err(DkimFault::Unsound(self.algorithm()));
        }
        self.proven.store(true, Ordering::Relaxed);
        Ok(())
    }
}

impl fmt::Debug for DkimKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DkimKey({}, {}._domainkey.{})", self.algorithm(), self.selector, self.domain)
    }
}

/// A DKIM record wants the whole `SubjectPublicKeyInfo`; aws-lc gives the inner `RSAPublicKey`, to which the algorithm's
/// identifier is put in front (RFC 8017 appendix C, RFC 5280 section 4.1).
fn public_key_info(key: &[u8]) -> Vec<u8> {
    const ALGORITHM: [u8; 15] = [0x30, 0x0d, 0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
    let bits = der(0x03, &[&[0], key].concat());
    der(0x30, &[&ALGORITHM[..], &bits].concat())
}

fn der(tag: u8, octets: &[u8]) -> Vec<u8> {
    let length = octets.len().to_be_bytes();
    let length: Vec<u8> = length.into_iter().skip_while(|octet| *octet == 0).collect();
    let mut out = vec![tag];
    match (octets.len(), u8::try_from(length.len())) {
        (0..=127, _) | (_, Err(_)) => out.push(length.first().copied().unwrap_or(0)),
        (_, Ok(count)) => {
            out.push(0x80 | count);
            out.extend_from_slice(&length);
        }
    }
    out.extend_from_slice(octets);
    out
}
