//! The HTTP status of each error of the authority.

use axum::http::StatusCode;
use provkey::authority::{Error, InputError, MasterError, Refusal};
use provkey::x509::CsrError;

/// The HTTP status of an error.
pub(super) fn of(error: &Error) -> StatusCode {
    match error {
        error if error.retryable() => StatusCode::SERVICE_UNAVAILABLE,
        Error::Refused(refusal) => of_refusal(*refusal),
        Error::Csr(CsrError::TooLarge) => StatusCode::PAYLOAD_TOO_LARGE,
        Error::Input(rejected) => of_input(rejected.reason),
        Error::AdminToken(_) => StatusCode::UNAUTHORIZED,
        Error::Master(MasterError::InUse | MasterError::SlotTaken) => StatusCode::CONFLICT,
        Error::Csr(_)
        | Error::Host(_)
        | Error::Keyring(_)
        | Error::External(_)
        | Error::PrivateKey(_) => StatusCode::BAD_REQUEST,
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

fn of_refusal(refusal: Refusal) -> StatusCode {
    match refusal {
        // The request proved nothing, so it learns nothing.
        Refusal::KeyInvalid
        | Refusal::KeyMissing
        | Refusal::CredentialsDisagree
        | Refusal::RenewalMissing
        | Refusal::RenewalInvalid
        | Refusal::CertificateUnknown => StatusCode::UNAUTHORIZED,
        // The request conflicts with an earlier one.
        Refusal::PublicKeyInUse | Refusal::CertificateRenewed | Refusal::CertificateRetired => {
            StatusCode::CONFLICT
        }
        Refusal::RenewalTooEarly => StatusCode::TOO_MANY_REQUESTS,
        Refusal::RequestWrongPurpose => StatusCode::BAD_REQUEST,
        _ => StatusCode::FORBIDDEN,
    }
}

fn of_input(error: InputError) -> StatusCode {
    match error {
        InputError::KeyNotFound
        | InputError::GroupNotFound
        | InputError::CertificateNotFound
        | InputError::CertificateRequestNotFound
        | InputError::ConnectorNotFound
        | InputError::AdminTokenNotFound => StatusCode::NOT_FOUND,
        InputError::NameInUse
        | InputError::GroupInUse
        | InputError::CertificateInUse
        | InputError::CertificateUnanswered
        | InputError::CertificateImportedAlready
        | InputError::CertificateSubjectInUse
        | InputError::CrlImportedCa
        | InputError::EditConflict
        | InputError::TooManyHosts
        | InputError::AuthorityExists => StatusCode::CONFLICT,
        // The application that runs the server has made a mistake.
        InputError::SignerMissing | InputError::AuthorityMissing => {
            StatusCode::INTERNAL_SERVER_ERROR
        }
        _ => StatusCode::BAD_REQUEST,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use provkey::store::{FaultKind, StoreError, StoreFault};

    #[test]
    fn every_refusal_has_the_status_that_is_documented() {
        let check = |status: u16, codes: &[&str]| {
            let found: Vec<_> = Refusal::ALL
                .iter()
                .filter(|refusal| of(&Error::from(**refusal)).as_u16() == status)
                .map(|refusal| refusal.code())
                .collect();
            assert_eq!(found, codes, "{status}");
        };
        check(400, &["request_wrong_purpose"]);
        check(
            401,
            &[
                "key_invalid",
                "key_missing",
                "credentials_disagree",
                "renewal_missing",
                "renewal_invalid",
                "certificate_unknown",
            ],
        );
        check(
            403,
            &[
                "key_deleted",
                "key_compromised",
                "key_disabled",
                "proof_required",
                "address_not_allowed",
                "public_key_of_authority",
                "connector_revoked",
                "fingerprint_mismatch",
                "certificate_expired",
                "renewal_too_late",
                "key_expired",
                "key_exhausted",
            ],
        );
        check(409, &["public_key_in_use", "certificate_renewed", "certificate_retired"]);
        check(429, &["renewal_too_early"]);
    }

    #[test]
    fn invalid_input_is_never_a_server_error() {
        for error in InputError::ALL {
            let status = of(&Error::from(*error));
            let of_the_application =
                matches!(error, InputError::SignerMissing | InputError::AuthorityMissing);
            assert_eq!(status.is_server_error(), of_the_application, "{}", error.code());
            let not_found = error.code().ends_with("_not_found");
            assert_eq!(status == StatusCode::NOT_FOUND, not_found, "{}", error.code());
        }
    }

    #[test]
    fn a_passing_fault_is_service_unavailable() {
        for (kind, status) in [
            (FaultKind::Unavailable, 503),
            (FaultKind::Busy, 503),
            (FaultKind::Full, 503),
            (FaultKind::ReadOnly, 500),
            (FaultKind::Corrupt, 500),
            (FaultKind::TooLarge, 500),
        ] {
            let error = Error::from(StoreError::NotApplied(StoreFault::new(kind, "")));
            assert_eq!(of(&error).as_u16(), status, "{}", error.code());
        }
        assert_eq!(of(&Error::Contended).as_u16(), 503);
        assert_eq!(of(&CsrError::TooLarge.into()).as_u16(), 413);
        assert_eq!(of(&CsrError::Malformed.into()).as_u16(), 400);
    }
}
