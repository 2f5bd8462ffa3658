//! Which mail servers are believed: those whose certificate is vouched for by the system's roots, or stands among them.
//!
//! `SSL_CERT_FILE` and `SSL_CERT_DIR` name other roots, as with most programs.
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use std::sync::Arc;

/// How to trust a certificate of one's own.
const REMEDY: &str = "put the server's certificate, or its issuer's, among the system's \
                      (/usr/local/share/ca-certificates, update-ca-certificates), or name a file in SSL_CERT_FILE";

/// Reads the roots anew: certificates come and go while a daemon runs.
///
/// # Errors
/// In words, when there are none.
pub(super) fn config() -> Result<Arc<ClientConfig>, String> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let found = rustls_native_certs::load_native_certs();
    let mut roots = RootCertStore::empty();
    let (taken, _) = roots.add_parsable_certificates(found.certs.iter().cloned());
    if taken == 0 {
        let why = found
            .errors
            .first()
            .map(|error| format!(" ({error})"))
            .unwrap_or_default();
        return Err(format!(
            "there are no root certificates{why}; install the package ca-certificates, or name a file in SSL_CERT_FILE"
        ));
    }
    let inner = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), Arc::clone(&provider));
    let inner = inner.build().map_err(|error| error.to_string())?;
    let verifier = Arc::new(Verifier {
        inner,
        known: found.certs,
    });
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .dangerous()
        .with_custom_certificate_verifier(verifier)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

/// A failed handshake for people.
pub(super) fn explained(error: &Error) -> String {
    match error {
        Error::InvalidCertificate(CertificateError::UnknownIssuer) => {
            format!("nobody known vouches for the server's certificate; {REMEDY}")
        }
        Error::InvalidCertificate(CertificateError::Other(OtherError(why))) if is_issuers(&**why) => {
            format!("the server's certificate vouches for itself, and is not known; {REMEDY}")
        }
        Error::InvalidCertificate(wrong) => format!("the server's certificate is not valid: {wrong}"),
        other => other.to_string(),
    }
}

/// The library's own judgement, but for one kind of certificate: what `openssl req -x509` makes counts as an issuer's,
/// which may not stand for a server. When its very bytes are among the roots, somebody has meant just this server: then
/// the name must fit, and nothing else is asked.
#[derive(Debug)]
struct Verifier {
    inner: Arc<WebPkiServerVerifier>,
    known: Vec<CertificateDer<'static>>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let judged = self
            .inner
            .verify_server_cert(end_entity, intermediates, server_name, ocsp_response, now);
        match judged {
            Err(Error::InvalidCertificate(CertificateError::Other(OtherError(why))))
                if is_issuers(&*why) && self.known.iter().any(|known| known == end_entity) =>
            {
                rustls::client::verify_server_name(&ParsedCertificate::try_from(end_entity)?, server_name)?;
                Ok(ServerCertVerified::assertion())
            }
            other => other,
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }
}

/// The library has this reason only in its text.
fn is_issuers(why: &(dyn std::error::Error + 'static)) -> bool {
    why.to_string() == "CaUsedAsEndEntity"
}
