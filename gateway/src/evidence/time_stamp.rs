//! Time stamps of digests (RFC 3161): request, answer, and the check of an answer.
//!
//! A time-stamp authority signs a digest with its time. The answer is kept as it came, so that
//! `openssl ts -verify` reads it too.

use crate::domain::UtcMs;
use crate::domain::hex_text::parse_hex;
use cms::cert::CertificateChoices;
use cms::cert::x509::Certificate;
use cms::cert::x509::ext::pkix::SubjectKeyIdentifier;
use cms::cert::x509::spki::AlgorithmIdentifier;
use cms::signed_data::{SignedData, SignerIdentifier, SignerInfo};
use der::asn1::{Int, ObjectIdentifier, OctetString};
use der::{Decode, Encode};
use ring::digest::{SHA256, SHA384, SHA512, digest};
use ring::rand::{SecureRandom, SystemRandom};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, SignatureVerificationAlgorithm, UnixTime};
use std::path::Path;
use std::time::Duration;
use webpki::ring as algorithms;
use webpki::{ALL_VERIFICATION_ALGS, EndEntityCert, KeyUsage, anchor_from_trusted_cert};
use x509_tsp::{MessageImprint, TimeStampReq, TimeStampResp, TspVersion, TstInfo};

const ID_SHA_256: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.1");
const ID_SHA_384: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.2");
const ID_SHA_512: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.2.3");
const ID_TST_INFO: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.4");
const ID_CONTENT_TYPE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.3");
const ID_MESSAGE_DIGEST: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.4");
/// Extended key usage of an authority's certificate: id-kp-timeStamping, 1.3.6.1.5.5.7.3.8.
const TIME_STAMPING: &[u8] = &[43, 6, 1, 5, 5, 7, 3, 8];
/// Statuses of an answer with a token: granted, granted with changes.
const GRANTED: [u8; 2] = [0, 1];

/// Error of a time stamp.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StampError {
    /// The answer is no answer of RFC 3161, or has parts that are not supported.
    #[error("not an answer of a time-stamp authority: {0}")]
    Unreadable(String),
    /// The authority refused.
    #[error("the time-stamp authority refused")]
    Refused,
    /// The stamp is for something else.
    #[error("the stamp is for another digest")]
    OtherDigest,
    /// The answer is to another request.
    #[error("the stamp answers another request")]
    OtherRequest,
    /// The signature does not fit.
    #[error("the signature of the stamp does not fit")]
    Signature,
    /// The certificate of the signer is not in the stamp.
    #[error("the stamp has no certificate of its signer")]
    NoCertificate,
    /// No authority of the given file stands behind the certificate.
    #[error("the certificate is not trusted: {0}")]
    Untrusted(String),
}

/// A request with the number that its answer must repeat.
#[derive(Clone, Debug)]
pub struct StampRequest {
    /// Bytes to send, `application/timestamp-query`.
    pub body: Vec<u8>,
    nonce: Int,
}

/// A stamp that holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CheckedStamp {
    /// Time that the authority states.
    pub at: UtcMs,
    /// True when its certificate leads to a given authority.
    pub is_trusted: bool,
}

impl StampError {
    /// Returns the stable word, also the end of the message key (`evidence-stamp-WORD`).
    pub fn word(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "unreadable",
            Self::Refused => "refused",
            Self::OtherDigest => "digest",
            Self::OtherRequest => "request",
            Self::Signature => "signature",
            Self::NoCertificate => "certificate",
            Self::Untrusted(_) => "untrusted",
        }
    }
}

impl From<der::Error> for StampError {
    fn from(error: der::Error) -> Self {
        Self::Unreadable(error.to_string())
    }
}

impl StampRequest {
    /// Returns a request for a SHA-256 of 64 hexadecimal digits.
    pub fn new(sha256: &str) -> Result<Self, StampError> {
        let mut bytes = [0; 8];
        let random = SystemRandom::new().fill(&mut bytes);
        random.map_err(|_| StampError::Unreadable("no random number".to_owned()))?;
        // A positive number of eight bytes in its shortest form.
        bytes[0] = (bytes[0] & 0x3f) | 0x40;
        let nonce = Int::new(&bytes)?;
        let request = TimeStampReq {
            version: TspVersion::V1,
            message_imprint: MessageImprint {
                hash_algorithm: AlgorithmIdentifier {
                    oid: ID_SHA_256,
                    parameters: Some(der::asn1::Null.into()),
                },
                hashed_message: OctetString::new(digest_bytes(sha256)?)?,
            },
            req_policy: None,
            nonce: Some(nonce.clone()),
            // An outsider needs the certificate to check the signature.
            cert_req: true,
            extensions: None,
        };
        let body = request.to_der()?;
        Ok(Self { body, nonce })
    }

    /// Checks the answer to this request for a digest; `authorities` as in [`check_time_stamp`].
    pub fn check_answer(
        &self,
        answer: &[u8],
        sha256: &str,
        authorities: &[CertificateDer<'_>],
    ) -> Result<CheckedStamp, StampError> {
        let checked = check_time_stamp(answer, sha256, authorities)?;
        let (_, _, stated) = read_answer(answer)?;
        if stated.nonce.as_ref() != Some(&self.nonce) {
            return Err(StampError::OtherRequest);
        }
        Ok(checked)
    }
}

/// Checks an answer for a digest: imprint, signature and, when there are `authorities`, the chain
/// of certificates at the time that it states. Without any the chain is not checked.
pub fn check_time_stamp(
    answer: &[u8],
    sha256: &str,
    authorities: &[CertificateDer<'_>],
) -> Result<CheckedStamp, StampError> {
    let (message, content, stated) = read_answer(answer)?;
    let imprint = &stated.message_imprint;
    let is_same = imprint.hashed_message.as_bytes() == digest_bytes(sha256)?;
    if imprint.hash_algorithm.oid != ID_SHA_256 || !is_same {
        return Err(StampError::OtherDigest);
    }
    let signers = message.signer_infos.0.as_slice();
    let [signer] = signers else {
        let why = format!("{} signers", signers.len());
        return Err(StampError::Unreadable(why));
    };
    let (own, others) = signer_certificate(&message, signer)?;
    check_signature(signer, &content, &own)?;
    let at = stated.gen_time.to_unix_duration();
    if !authorities.is_empty() {
        check_chain(&own, &others, at, authorities)?;
    }
    Ok(CheckedStamp {
        at: UtcMs(i64::try_from(at.as_millis()).unwrap_or(i64::MAX)),
        is_trusted: !authorities.is_empty(),
    })
}

/// Reads an answer: the signed data, what is signed, and the same as the authority states it.
fn read_answer(answer: &[u8]) -> Result<(SignedData, Vec<u8>, TstInfo), StampError> {
    let answer = TimeStampResp::from_der(answer)?;
    let is_granted = GRANTED.contains(&(answer.status.status as u8));
    let token = answer.time_stamp_token.filter(|_| is_granted);
    let token = token.ok_or(StampError::Refused)?;
    let signed = SignedData::from_der(&token.content.to_der()?)?;
    if signed.encap_content_info.econtent_type != ID_TST_INFO {
        return Err(StampError::Unreadable("no time stamp in it".to_owned()));
    }
    let content = signed.encap_content_info.econtent.as_ref();
    let content = content.ok_or(StampError::Refused)?;
    let content = content.decode_as::<OctetString>()?.into_bytes();
    let stated = TstInfo::from_der(&content)?;
    Ok((signed, content, stated))
}

/// Returns the certificate of the signer and the others of the stamp, each as it came.
fn signer_certificate(
    message: &SignedData,
    signer: &SignerInfo,
) -> Result<(Vec<u8>, Vec<Vec<u8>>), StampError> {
    let (mut own, mut others) = (None, Vec::new());
    let all = message.certificates.iter().flat_map(|all| all.0.iter());
    for choice in all {
        let CertificateChoices::Certificate(one) = choice else {
            continue;
        };
        if own.is_none() && is_of_signer(one, &signer.sid) {
            own = Some(one.to_der()?);
        } else {
            others.push(one.to_der()?);
        }
    }
    Ok((own.ok_or(StampError::NoCertificate)?, others))
}

/// Returns whether a certificate is the one that a signer names: by issuer and serial number, or by
/// the identifier of its key (CMS version 3).
fn is_of_signer(one: &Certificate, signer: &SignerIdentifier) -> bool {
    let named = &one.tbs_certificate;
    match signer {
        SignerIdentifier::IssuerAndSerialNumber(wanted) => {
            named.issuer == wanted.issuer && named.serial_number == wanted.serial_number
        }
        SignerIdentifier::SubjectKeyIdentifier(wanted) => {
            let own = named.get::<SubjectKeyIdentifier>();
            matches!(own, Ok(Some((_, own))) if own == *wanted)
        }
    }
}

/// Checks that the signed attributes name the content, and that the certificate's key signed them.
fn check_signature(
    signer: &SignerInfo,
    content: &[u8],
    certificate: &[u8],
) -> Result<(), StampError> {
    let (hash, candidates) = algorithms_of(signer.digest_alg.oid)?;
    let attributes = signer.signed_attrs.as_ref();
    let attributes = attributes.ok_or(StampError::Signature)?;
    let value = |oid| {
        let found = attributes.iter().find(|one| one.oid == oid)?;
        found.values.as_slice().first()
    };
    let kind = value(ID_CONTENT_TYPE).ok_or(StampError::Signature)?;
    let said = value(ID_MESSAGE_DIGEST).ok_or(StampError::Signature)?;
    let said = said.decode_as::<OctetString>()?;
    let is_content = kind.decode_as::<ObjectIdentifier>()? == ID_TST_INFO
        && said.as_bytes() == digest(hash, content).as_ref();
    if !is_content {
        return Err(StampError::Signature);
    }
    let message = attributes.to_der()?;
    let certificate = CertificateDer::from(certificate);
    let key = EndEntityCert::try_from(&certificate);
    let key = key.map_err(|why| StampError::Unreadable(format!("certificate: {why}")))?;
    let signature = signer.signature.as_bytes();
    let mut all = candidates.iter();
    if all.any(|one| key.verify_signature(*one, &message, signature).is_ok()) {
        Ok(())
    } else {
        Err(StampError::Signature)
    }
}

/// Returns a digest algorithm and the signatures that are made with it.
fn algorithms_of(
    oid: ObjectIdentifier,
) -> Result<
    (
        &'static ring::digest::Algorithm,
        [&'static dyn SignatureVerificationAlgorithm; 3],
    ),
    StampError,
> {
    Ok(match oid {
        ID_SHA_256 => (
            &SHA256,
            [
                algorithms::RSA_PKCS1_2048_8192_SHA256,
                algorithms::ECDSA_P256_SHA256,
                algorithms::ECDSA_P384_SHA256,
            ],
        ),
        ID_SHA_384 => (
            &SHA384,
            [
                algorithms::RSA_PKCS1_2048_8192_SHA384,
                algorithms::ECDSA_P256_SHA384,
                algorithms::ECDSA_P384_SHA384,
            ],
        ),
        ID_SHA_512 => (
            &SHA512,
            [
                algorithms::RSA_PKCS1_2048_8192_SHA512,
                algorithms::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
                algorithms::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
            ],
        ),
        other => return Err(StampError::Unreadable(format!("digest algorithm {other}"))),
    })
}

/// Checks that a certificate for time stamps leads to one of the authorities.
fn check_chain(
    own: &[u8],
    others: &[Vec<u8>],
    at: Duration,
    authorities: &[CertificateDer<'_>],
) -> Result<(), StampError> {
    let untrusted = |why: webpki::Error| StampError::Untrusted(why.to_string());
    let anchors = authorities.iter().map(anchor_from_trusted_cert);
    let anchors = anchors.collect::<Result<Vec<_>, _>>().map_err(untrusted)?;
    let own = CertificateDer::from(own);
    let others: Vec<CertificateDer<'_>> = others
        .iter()
        .map(|one| CertificateDer::from(one.as_slice()))
        .collect();
    let own = EndEntityCert::try_from(&own).map_err(untrusted)?;
    own.verify_for_usage(
        ALL_VERIFICATION_ALGS,
        &anchors,
        &others,
        UnixTime::since_unix_epoch(at),
        KeyUsage::required(TIME_STAMPING),
        None,
        None,
    )
    .map_err(untrusted)?;
    Ok(())
}

fn digest_bytes(sha256: &str) -> Result<Vec<u8>, StampError> {
    let bytes = parse_hex(sha256).filter(|bytes| bytes.len() == 32);
    bytes.ok_or(StampError::OtherDigest)
}

/// Reads the authorities of a PEM file; the error is a sentence.
pub fn read_authorities(file: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let all = CertificateDer::pem_file_iter(file);
    let all = all.and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let all = all.map_err(|why| why.to_string())?;
    if all.is_empty() {
        return Err("no certificate in it".to_owned());
    }
    Ok(all)
}
