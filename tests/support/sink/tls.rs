//! Certificates for sinks, made on the spot.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio_rustls::TlsAcceptor;

/// A certificate authority that lives as long as a story.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
    names: Vec<String>,
}

impl Authority {
    /// A fresh one, which vouches for `localhost` and `127.0.0.1`.
    pub fn new() -> Self {
        Self::vouching_for(&["localhost", "127.0.0.1"])
    }

    /// A fresh one, which vouches for these names.
    pub fn vouching_for(names: &[&str]) -> Self {
        let mut params = CertificateParams::new(Vec::new()).expect("no names to be wrong");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        let issuer = CertifiedIssuer::self_signed(params, key).expect("a certificate");
        let pem = issuer.pem();
        Self { issuer, pem, names: names.iter().map(|&name| name.to_owned()).collect() }
    }

    /// Its own certificate.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// A server's private key and the certificate for it, as PEM, for a server of others' making.
    pub fn server_pem(&self) -> String {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(self.names.clone()).expect("good names");
        format!("{}{}", key.serialize_pem(), params.signed_by(&key, &self.issuer).expect("a certificate").pem())
    }

    /// The server's side of TLS, with a certificate of this authority.
    pub fn acceptor(&self) -> TlsAcceptor {
        let key = KeyPair::generate().expect("a key");
        let params = CertificateParams::new(self.names.clone()).expect("good names");
        let certificate = params.signed_by(&key, &self.issuer).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
            .with_safe_default_protocol_versions()
            .expect("the provider's own versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .expect("a certificate and its key");
        TlsAcceptor::from(Arc::new(config))
    }
}
