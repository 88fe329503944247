//! TLS to a relay: whom we trust, and the handshake (RFC 8314 section 3, RFC 8996, STANDARDS S2).

use std::error::Error;
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::client::WantsClientCert;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, WantsVerifier};
use rustls_platform_verifier::BuilderVerifierExt;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Why there is no TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TlsFault {
    /// What happened, in words.
    pub(super) cause: String,
    /// Whether the same may go through later: the network failed, and nobody's certificate.
    pub(super) is_transient: bool,
}

impl TlsFault {
    /// A fault that lasts until somebody does something about it.
    pub(super) fn final_cause(cause: impl Into<String>) -> Self {
        Self { cause: cause.into(), is_transient: false }
    }
}

/// What is needed to speak TLS with one server; made once, so that sessions are resumed.
pub(super) struct TlsClient {
    connector: TlsConnector,
    server: ServerName<'static>,
}

impl TlsClient {
    /// Trusts what the machine trusts, or only the authorities in `ca_file` (PEM), to vouch for `host`.
    pub(super) fn new(host: &str, ca_file: Option<&Path>) -> Result<Self, TlsFault> {
        let server = ServerName::try_from(host.to_owned())
            .map_err(|_| TlsFault::final_cause(format!("`{host}` is no host name that a certificate can bear")))?;
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
            .map_err(|error| TlsFault::final_cause(format!("could not set up TLS: {error}")))?;
        let config = match ca_file {
            Some(file) => trust_file(builder, file)?,
            None => builder
                .with_platform_verifier()
                .map_err(|error| TlsFault::final_cause(format!("could not read the machine's certificates: {error}")))?,
        };
        Ok(Self { connector: TlsConnector::from(Arc::new(config.with_no_client_auth())), server })
    }

    /// Shakes hands over `socket`.
    pub(super) async fn handshake(&self, socket: TcpStream, within: Duration) -> Result<TlsStream<TcpStream>, TlsFault> {
        match timeout(within, self.connector.connect(self.server.clone(), socket)).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(TlsFault { cause: format!("TLS failed: {error}"), is_transient: !is_about_tls(&error) }),
            Err(_) => Err(TlsFault { cause: "TLS failed: the server did not answer in time".to_owned(), is_transient: true }),
        }
    }
}

fn trust_file(
    builder: ConfigBuilder<ClientConfig, WantsVerifier>,
    file: &Path,
) -> Result<ConfigBuilder<ClientConfig, WantsClientCert>, TlsFault> {
    let unreadable = |cause: String| TlsFault::final_cause(format!("could not read the certificates in {}: {cause}", file.display()));
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(file).map_err(|error| unreadable(error.to_string()))? {
        let certificate = certificate.map_err(|error| unreadable(error.to_string()))?;
        roots.add(certificate).map_err(|error| unreadable(error.to_string()))?;
    }
    if roots.is_empty() {
        return Err(unreadable("there is none".to_owned()));
    }
    Ok(builder.with_root_certificates(roots))
}

/// Whether TLS itself said no, rather than the network.
fn is_about_tls(error: &io::Error) -> bool {
    error.get_ref().is_some_and(<dyn Error + Send + Sync>::is::<rustls::Error>)
}
