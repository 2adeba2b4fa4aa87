//! The operations of administration, and who may call them.
//!
//! Each operation is a type, so that a route can name it in its signature. [`ALL`] lists them.

use provkey::authority::AdminRole;

/// Who may call an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Access {
    /// The operation, as the OpenAPI description calls it.
    pub name: &'static str,
    /// The least role.
    pub role: AdminRole,
    /// What an operator of one group may do with it.
    pub scope: ScopeRule,
}

/// What an operator of one group may do with an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ScopeRule {
    /// It concerns no group, and is allowed.
    Allowed,
    /// It is allowed for what belongs to the group. Anything else is not found.
    InGroup,
    /// It is refused with `scope_insufficient`.
    Refused,
}

/// An operation of administration.
pub trait Operation: Send + Sync {
    /// Who may call it.
    const ACCESS: Access;
}

macro_rules! operations {
    ($($operation:ident = $name:literal, $role:ident, $scope:ident;)*) => {
        $(
            #[doc = concat!("The operation `", $name, "`.")]
            #[derive(Clone, Copy, Debug)]
            pub enum $operation {}

            impl Operation for $operation {
                const ACCESS: Access = Access {
                    name: $name,
                    role: AdminRole::$role,
                    scope: ScopeRule::$scope,
                };
            }
        )*

        /// Who may call each operation.
        pub const ALL: &[Access] = &[$($operation::ACCESS),*];
    };
}

operations! {
    ShowAuthority = "showAuthority", Viewer, Allowed;
    AddHost = "addHost", Admin, Refused;

    ListKeys = "listKeys", Viewer, InGroup;
    CreateKey = "createKey", Operator, InGroup;
    ShowKey = "showKey", Viewer, InGroup;
    EditKey = "editKey", Operator, InGroup;
    DeleteKey = "deleteKey", Operator, InGroup;
    CopyKey = "copyKey", Operator, InGroup;
    DownloadKey = "downloadKey", Operator, InGroup;
    CompromiseKey = "compromiseKey", Operator, InGroup;
    ShowUtilization = "showUtilization", Viewer, InGroup;

    ListGroups = "listGroups", Viewer, InGroup;
    CreateGroup = "createGroup", Operator, Refused;
    ShowGroup = "showGroup", Viewer, InGroup;
    DeleteGroup = "deleteGroup", Operator, Refused;

    ListCertificates = "listCertificates", Viewer, InGroup;
    CreateCertificate = "createCertificate", Admin, Refused;
    ImportCertificate = "importCertificate", Admin, Refused;
    ShowCertificate = "showCertificate", Viewer, InGroup;
    DeleteCertificate = "deleteCertificate", Admin, Refused;
    RetireCertificate = "retireCertificate", Admin, Refused;
    ShowCrl = "showCrl", Viewer, InGroup;

    ListCertificateRequests = "listCertificateRequests", Viewer, Refused;
    CreateCertificateRequest = "createCertificateRequest", Admin, Refused;
    ShowCertificateRequest = "showCertificateRequest", Viewer, Refused;
    AnswerCertificateRequest = "answerCertificateRequest", Admin, Refused;
    DeleteCertificateRequest = "deleteCertificateRequest", Admin, Refused;

    ListConnectors = "listConnectors", Viewer, InGroup;
    ShowConnector = "showConnector", Viewer, InGroup;
    RevokeConnector = "revokeConnector", Operator, InGroup;

    ListAudit = "listAudit", Viewer, InGroup;

    ListTokens = "listTokens", Admin, Refused;
    CreateToken = "createToken", Admin, Refused;
    RevokeToken = "revokeToken", Admin, Refused;
}
