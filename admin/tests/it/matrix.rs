//! Who may call each operation: as `docs/api.md` says it.

use std::collections::BTreeMap;

use provkey::authority::{AdminRole, AdminScope};
use provkey_admin::operation::{self, ScopeRule};
use provkey_admin::{
    Actor, Answer, AuditQuery, CertificateImport, Compromise, ConnectorQuery, Error, KeyPatch,
    KeyQuery, NewAdminToken, NewCertificate, NewGroup, NewHost, NewKey, PageQuery, Revocation,
    UtilizationQuery,
};

use crate::site::{Plant, Site};

/// The table of the document: the operation, the least role, and what an operator of a group may.
fn documented() -> BTreeMap<String, (AdminRole, ScopeRule)> {
    let text = include_str!("../../../docs/api.md");
    let rows = text.lines().filter_map(|line| line.strip_prefix("| `")?.strip_suffix(" |"));
    rows.filter_map(|row| {
        let (name, rest) = row.split_once("` | ")?;
        let (role, rule) = rest.split_once(" | ")?;
        let rule = match rule {
            "yes" => ScopeRule::Allowed,
            "of the group" => ScopeRule::InGroup,
            "no" => ScopeRule::Refused,
            _ => return None,
        };
        Some((name.to_owned(), (role.trim_matches('`').parse().unwrap(), rule)))
    })
    .collect()
}

#[test]
fn the_document_says_who_may_call_what() {
    let documented = documented();
    assert_eq!(documented.len(), operation::ALL.len());
    for access in operation::ALL {
        let row = documented.get(access.name);
        assert_eq!(row, Some(&(access.role, access.scope)), "{}", access.name);
    }
}

/// Calls an operation on what belongs to a plant. Returns the ids that it shows.
fn call(site: &Site, actor: &Actor, operation: &str, plant: &Plant) -> Result<Vec<String>, Error> {
    let (local, none) = (&site.local, |_| Vec::new());
    let (key, connector) = (plant.key.as_str(), plant.connector.as_str());
    let (certificate, group) = (plant.certificate.as_str(), &plant.group.to_string());
    let first = PageQuery { limit: Some(1), after: None };
    match operation {
        "showAuthority" => local.authority(actor).map(|_| vec![]),
        "addHost" => {
            local.add_host(actor, &NewHost { host: "b.example.com".into() }).map(|_| vec![])
        }
        "listKeys" => {
            let mut query = KeyQuery::default();
            query.limit = Some(1);
            ids(local.list_keys(actor, &query), |it| it.id)
        }
        "createKey" => {
            // With a certificate that is seen, so that the group decides.
            let new = NewKey::new("made", group, &site.own.certificate, 1);
            local.create_key(actor, &new).map(|it| vec![it.group.id])
        }
        "showKey" => local.key(actor, key).map(|it| vec![it.id]),
        "editKey" => local.edit_key(actor, key, None, &KeyPatch::default()).map(|it| vec![it.id]),
        "deleteKey" => local.delete_key(actor, key).map(none),
        "copyKey" => local.copy_key(actor, key).map(|_| vec![]),
        "downloadKey" => local.download_key(actor, key).map(|_| vec![]),
        "compromiseKey" => local.compromise_key(actor, key, &Compromise::default()).map(|_| vec![]),
        "showUtilization" => {
            local.key_utilization(actor, key, &UtilizationQuery::default()).map(|_| vec![])
        }
        "listGroups" => ids(local.list_groups(actor, &first), |it| it.id),
        "createGroup" => {
            local.create_group(actor, &NewGroup { name: "made".into() }).map(|_| vec![])
        }
        "showGroup" => local.group(actor, group).map(|it| vec![it.id]),
        "deleteGroup" => local.delete_group(actor, group).map(none),
        "listCertificates" => ids(local.list_certificates(actor, &first), |it| it.id),
        "createCertificate" => {
            local.create_certificate(actor, &NewCertificate::new("made")).map(|_| vec![])
        }
        "importCertificate" => {
            let import = CertificateImport::new("made", "", String::new().into());
            local.import_certificate(actor, &import).map(|_| vec![])
        }
        "showCertificate" => local.certificate(actor, certificate).map(|it| vec![it.id]),
        "deleteCertificate" => local.delete_certificate(actor, certificate).map(none),
        "retireCertificate" => local.retire_certificate(actor, certificate).map(|it| vec![it.id]),
        "showCrl" => local.crl(actor, certificate).map(|_| vec![]),
        "listCertificateRequests" => local.list_certificate_requests(actor, &first).map(|_| vec![]),
        "createCertificateRequest" => {
            local.create_certificate_request(actor, &NewCertificate::new("made")).map(|_| vec![])
        }
        "showCertificateRequest" => local.certificate_request(actor, &site.request).map(|_| vec![]),
        "answerCertificateRequest" => {
            let answer = Answer { certificates: String::new() };
            local.answer_certificate_request(actor, &site.request, &answer).map(|_| vec![])
        }
        "deleteCertificateRequest" => {
            local.delete_certificate_request(actor, &site.request).map(none)
        }
        "listConnectors" => {
            let mut query = ConnectorQuery::default();
            query.limit = Some(1);
            ids(local.list_connectors(actor, &query), |it| it.id)
        }
        "showConnector" => local.connector(actor, connector).map(|it| vec![it.id]),
        "revokeConnector" => {
            local.revoke_connector(actor, connector, &Revocation::default()).map(|it| vec![it.id])
        }
        "listAudit" => {
            let mut query = AuditQuery::default();
            query.key = Some(key.to_owned());
            ids(local.list_audit(actor, &query), |it| it.key.unwrap())
        }
        "listTokens" => local.list_tokens(actor, &first).map(|_| vec![]),
        "createToken" => local
            .create_token(actor, &NewAdminToken::new("made", AdminRole::Viewer))
            .map(|_| vec![]),
        "revokeToken" => local.revoke_token(actor, &site.token).map(|_| vec![]),
        unknown => panic!("no call of {unknown}"),
    }
}

fn ids<T>(
    page: Result<provkey_admin::Page<T>, Error>,
    id: impl Fn(T) -> String,
) -> Result<Vec<String>, Error> {
    // A cursor shows what it names.
    page.map(|page| page.items.into_iter().map(id).chain(page.next).collect())
}

/// The code of an operation on what belongs to a group that the actor does not see.
fn not_found(operation: &str) -> Option<&'static str> {
    match operation {
        "createKey" | "showGroup" => Some("group_not_found"),
        "showCertificate" | "showCrl" => Some("certificate_not_found"),
        "showConnector" | "revokeConnector" => Some("connector_not_found"),
        listing if lists(listing) => None,
        _ => Some("key_not_found"),
    }
}

/// Whether an operation lists, so that it shows less instead of finding nothing.
fn lists(operation: &str) -> bool {
    ["listKeys", "listGroups", "listCertificates", "listConnectors"].contains(&operation)
}

#[test]
fn each_operation_is_open_to_those_who_may_call_it() {
    for (operation, (role, rule)) in documented() {
        for actor_role in AdminRole::ALL {
            for scoped in [false, true] {
                for of_other in [false, true] {
                    let site = Site::new();
                    let scope = scoped.then_some(AdminScope::Operator(site.own.group));
                    let actor = Actor::new("someone", actor_role).scope(scope);
                    let plant = if of_other { &site.other } else { &site.own };
                    let result = call(&site, &actor, &operation, plant);
                    let why = format!("{operation} by {actor:?}, other: {of_other}: {result:?}");
                    // A scope makes an admin an operator.
                    let has = if scoped { actor_role.min(AdminRole::Operator) } else { actor_role };
                    let code = result.as_ref().err().map(Error::code);
                    if has < role {
                        assert_eq!(code, Some("role_insufficient"), "{why}");
                        continue;
                    }
                    if scoped && rule == ScopeRule::Refused {
                        assert_eq!(code, Some("scope_insufficient"), "{why}");
                        continue;
                    }
                    let hidden = scoped && of_other && rule == ScopeRule::InGroup;
                    if hidden {
                        assert_eq!(code, not_found(&operation), "{why}");
                    } else {
                        let refused = |code: &str| {
                            code.ends_with("_not_found") || code.ends_with("_insufficient")
                        };
                        assert!(!code.is_some_and(refused), "{why}");
                    }
                    if scoped {
                        let Plant { group, certificate, key, connector } = &site.own;
                        let own = [&group.to_string(), certificate, key, connector];
                        let shown = result.unwrap_or_default();
                        assert!(shown.iter().all(|id| own.contains(&id)), "{why}");
                        assert!(!lists(&operation) || shown.len() == 1, "{why}");
                    }
                }
            }
        }
    }
}
