//! Ids, names, states and other values are read from the texts that they are written as.

use std::fmt::{Debug, Display};
use std::str::FromStr;

use provkey::authority::{
    Action, AddressRange, AdminRole, AdminTokenId, AuthorityId, CertificateId, CertificateWarning,
    Checkpoint, ConnectorId, Cursor, GroupId, KeyOrder, KeyState, Name,
};
use provkey::connector::CertificateState;
use provkey::key::{Fingerprint, Host, KeyId, MasterId, Pin};
use provkey::x509::{KeyAlgorithm, LeafUrl, RevocationReason, SerialNumber};
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Both ways, by `Display` and `FromStr` and by serde; another text is refused.
fn check<T>(text: &str, wrong: &str)
where
    T: FromStr<Err: Debug> + Display + Serialize + DeserializeOwned,
{
    let value: T = text.parse().unwrap();
    assert_eq!(value.to_string(), text);
    let json = serde_json::to_string(&value).unwrap();
    assert_eq!(json, serde_json::to_string(text).unwrap());
    assert_eq!(serde_json::from_str::<T>(&json).unwrap().to_string(), text);
    assert!(wrong.parse::<T>().is_err(), "{wrong}");
    assert!(serde_json::from_value::<T>(wrong.into()).is_err(), "{wrong}");
}

#[test]
fn encoding_round_trips() {
    check::<Action>("key_created", "Key_created");
    check::<AddressRange>("10.0.0.0/8", "10.0.0.1/8");
    check::<AdminRole>("viewer", "Viewer");
    check::<AdminTokenId>("q2w3e4r5t6y7", "q2w3e4r5t6y");
    check::<AuthorityId>("q2w3e4r5t6y7", "q2w3e4r5t6y");
    check::<CertificateId>("q2w3e4r5t6y7", "Q2w3e4r5t6y7");
    check::<CertificateState>("renew_soon", "soon");
    check::<CertificateWarning>("leaves_cut_short", "");
    check::<Checkpoint>("1795632000000-9f8e7d6c5b4a3928", "1795632000000");
    check::<ConnectorId>("qqqqqqqqqqqqqqqqqqqqqqqqqq", "q");
    check::<Fingerprint>(&"07".repeat(16), &"07".repeat(15));
    check::<GroupId>("q2w3e4r5t6y7", "b2w3e4r5t6y7");
    check::<Host>("api.example.com:8443", "api.example.com:443");
    check::<KeyAlgorithm>("p384", "P-384");
    check::<KeyId>("q2w3e4r5t6y7", "Q2w3e4r5t6y7");
    check::<KeyOrder>("created", "age");
    check::<KeyState>("exhausted", "used");
    check::<LeafUrl>("http://crl.example.com/1", "crl.example.com");
    check::<MasterId>(&"0a".repeat(8), "0a");
    check::<Name>("Branch offices", "");
    check::<Pin>(&"0a".repeat(15), "0a");
    check::<RevocationReason>("keyCompromise", "certificateHold");
    check::<SerialNumber>(&"40".repeat(17), &"00".repeat(17));
    let cursor = Cursor::from("YXVkaXQv");
    assert_eq!(serde_json::to_value(&cursor).unwrap(), "YXVkaXQv");
}

#[test]
fn an_error_names_what_was_expected() {
    let error = "nonsense".parse::<GroupId>().unwrap_err();
    assert_eq!((error.code(), error.retryable()), ("text_malformed", false));
    assert_eq!(error.to_string(), "this is not the id of a connector group");
}
