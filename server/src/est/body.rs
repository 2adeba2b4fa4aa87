//! The body of an enrollment: a PKCS #10 request in any of the forms that clients send.

use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, StatusCode, header};
use base64ct::{Base64, Encoding};

use crate::body::too_large;
use crate::problem::Problem;

/// A CSR of 16 KiB in base64, with line ends.
const BODY_BYTES_MAX: usize = 24 * 1024;

/// The CSR of a request, in DER or in PEM.
pub(super) async fn csr(headers: &HeaderMap, body: Body) -> Result<Vec<u8>, Problem> {
    check_type(headers)?;
    let bytes = to_bytes(body, BODY_BYTES_MAX).await.map_err(|_| too_large())?;
    decode(&bytes)
}

/// RFC 7030, 4.2.1. A missing type is accepted: `decode` recognizes the form.
fn check_type(headers: &HeaderMap) -> Result<(), Problem> {
    let Some(kind) = headers.get(header::CONTENT_TYPE) else { return Ok(()) };
    let essence = kind.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/pkcs10") {
        return Ok(());
    }
    Err(Problem::new(
        "unsupported_media_type",
        StatusCode::UNSUPPORTED_MEDIA_TYPE,
        "the body must be a certificate signing request: Content-Type: application/pkcs10",
    ))
}

/// Decodes base64 in one line or many, with any line ends; DER and PEM are returned unchanged.
fn decode(bytes: &[u8]) -> Result<Vec<u8>, Problem> {
    // DER begins with the tag of a SEQUENCE, which is an `M` in base64.
    let is_der = bytes.first() == Some(&0x30);
    let is_pem = bytes.windows(11).any(|window| window == b"-----BEGIN ");
    if is_der || is_pem {
        return Ok(bytes.to_vec());
    }
    let base64: Vec<_> = bytes.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let text = std::str::from_utf8(&base64).ok();
    text.filter(|text| !text.is_empty()).and_then(|text| Base64::decode_vec(text).ok()).ok_or_else(
        || {
            Problem::new(
                "body_malformed",
                StatusCode::BAD_REQUEST,
                "the body is not a certificate signing request in base64, DER or PEM",
            )
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_that_clients_send_is_read() {
        let der = [&[0x30, 0x82, 1, 0][..], &[7; 256]].concat();
        let line = Base64::encode_string(&der);
        let wrap = |end: &str| {
            let lines = line.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap());
            lines.map(|line| format!("{line}{end}")).collect::<String>()
        };
        for text in [line.clone(), format!("{line}\n"), wrap("\n"), wrap("\r\n"), wrap("\n ")] {
            assert_eq!(decode(text.as_bytes()).unwrap(), der, "{text}");
        }
        assert_eq!(decode(&der).unwrap(), der);
        let pem = "text\n-----BEGIN CERTIFICATE REQUEST-----\n";
        assert_eq!(decode(pem.as_bytes()).unwrap(), pem.as_bytes());
    }

    #[test]
    fn any_other_form_is_malformed() {
        for bytes in [&b""[..], b"\n", b"MIIB!", b"\xff\xfe", b"MIIBA"] {
            assert_eq!(decode(bytes).unwrap_err().code, "body_malformed");
        }
    }
}
