//! serde for public values: each is the string that `Display` writes.

macro_rules! serialize_as_text {
    ($type:ident, $parse:expr) => {
        impl serde::Serialize for $type {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $type {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = alloc::string::String::deserialize(deserializer)?;
                $parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(concat!("this is not a ", stringify!($type)))
                })
            }
        }
    };
}

use super::{Fingerprint, Host, KeyId, MasterId, Pin};

serialize_as_text!(Fingerprint, Fingerprint::from_hex);
serialize_as_text!(Host, |text| Host::parse(text).ok());
serialize_as_text!(KeyId, |text| KeyId::parse(text).ok());
serialize_as_text!(MasterId, MasterId::from_hex);
serialize_as_text!(Pin, Pin::from_hex);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_can_be_read() {
        let id = KeyId::parse("q2w3e4r5t6y7").unwrap();
        assert_eq!(serde_json::to_string(&id).unwrap(), "\"q2w3e4r5t6y7\"");
        assert_eq!(serde_json::from_str::<KeyId>("\"q2w3e4r5t6y7\"").unwrap(), id);
        assert!(serde_json::from_str::<KeyId>("\"Q2w3e4r5t6y7\"").is_err());
        let pin = Pin::of_spki(b"");
        let text = serde_json::to_string(&pin).unwrap();
        assert_eq!(serde_json::from_str::<Pin>(&text).unwrap(), pin);
    }
}
