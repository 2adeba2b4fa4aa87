//! The text of a provisioning key in the header `Authorization`.

use axum::http::{HeaderMap, header};
use base64ct::{Base64, Encoding};
use provkey::authority::{Error, Refusal};
use provkey::key::KeyText;
use zeroize::Zeroizing;

use crate::problem::Problem;
use crate::requester::KEY_ID_CHARACTERS;

/// The key text that accompanies a CSR, unverified.
///
/// # Errors
/// `key_invalid` for credentials of another kind; `credentials_disagree` if the user name is not
/// the id of the key.
pub(super) fn key_text(headers: &HeaderMap) -> Result<Option<KeyText>, Problem> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let Some(value) = values.next() else { return Ok(None) };
    let invalid = || Problem::from(Error::from(Refusal::KeyInvalid));
    let text = value.to_str().map_err(|_| invalid())?.trim();
    let (scheme, credentials) = text.split_once(' ').ok_or_else(invalid)?;
    // RFC 9110, 11.1: schemes are case-insensitive.
    let key_text = match scheme.to_ascii_lowercase().as_str() {
        _ if values.next().is_some() => return Err(invalid()),
        "basic" => basic(credentials.trim())?.ok_or_else(invalid)?,
        "bearer" => KeyText::new(credentials.trim().to_owned()),
        _ => return Err(invalid()),
    };
    Ok(Some(key_text))
}

/// RFC 7617: the user name is the id of the key, or empty, and the password is its text. `None`:
/// the credentials are malformed.
fn basic(credentials: &str) -> Result<Option<KeyText>, Problem> {
    let Ok(bytes) = Base64::decode_vec(credentials).map(Zeroizing::new) else { return Ok(None) };
    let Ok(text) = std::str::from_utf8(&bytes) else { return Ok(None) };
    let Some((user, password)) = text.split_once(':') else { return Ok(None) };
    // The client sent both, so the comparison reveals nothing.
    let core = password.rsplit('_').next().unwrap_or_default();
    match user.len() {
        0 => {}
        KEY_ID_CHARACTERS if core.starts_with(user) => {}
        _ => return Err(Error::from(Refusal::CredentialsDisagree).into()),
    }
    Ok(Some(KeyText::new(password.to_owned())))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(authorization: &str) -> Result<Option<String>, &'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(header::AUTHORIZATION, authorization.parse().unwrap());
        let text = key_text(&headers).map_err(|problem| problem.code)?;
        Ok(text.map(|text| text.expose().to_owned()))
    }

    #[test]
    fn a_key_text_is_a_token_or_a_password() {
        let basic = |text: &str| read(&format!("Basic {}", Base64::encode_string(text.as_bytes())));
        let key = format!("pvk1_[::1]:8443_q2w3e4r5t6y7{}", "s".repeat(73));
        assert_eq!(read(&format!("bearer  {key} ")), Ok(Some(key.clone())));
        assert_eq!(basic(&format!("q2w3e4r5t6y7:{key}")), Ok(Some(key.clone())));
        assert_eq!(basic(&format!(":{key}")), Ok(Some(key.clone())));
        assert_eq!(basic(&format!("q2w3e4r5t6y8:{key}")), Err("credentials_disagree"));
        assert_eq!(basic(&format!("q2:{key}")), Err("credentials_disagree"));
        assert_eq!(basic(&key[..4]), Err("key_invalid"));
        for other in ["Basic ?", "Basic", "Digest a=b", "Negotiate x", "Bearer"] {
            assert_eq!(read(other), Err("key_invalid"), "{other}");
        }
        assert_eq!(key_text(&HeaderMap::new()).unwrap(), None);
    }
}
