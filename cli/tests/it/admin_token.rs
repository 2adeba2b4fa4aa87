//! Admin tokens.

use provkey::authority::AdminTokenText;

use crate::home::Home;

#[test]
fn a_token_is_shown_once_and_valid_until_revoked() {
    let home = Home::new();
    let made = home.json("admin-token create ci --role operator --expires 1d");
    let text = made["text"].as_str().unwrap();
    assert!(text.starts_with(&format!("pvkt1_{}_", made["token"]["id"].as_str().unwrap())));
    let authenticate = || {
        let store = provkey_sqlite::SqliteStore::open(home.path("store.db")).unwrap();
        let authority = home.authority(std::sync::Arc::new(store));
        authority.authenticate_token(&AdminTokenText::new(text.to_owned()))
    };
    let token = authenticate().unwrap();
    assert_eq!((token.name.as_str(), token.role.as_str()), ("ci", "operator"));
    assert!(token.created_by.unwrap().starts_with("cli:"));

    let listed = home.run("admin-token list");
    assert!(listed.stdout.contains("operator") && !listed.stdout.contains(text), "{listed:?}");
    home.run("admin-token revoke ci").succeeds();
    assert_eq!(authenticate().unwrap_err().code(), "admin_token_revoked");
    let shown = home.run("admin-token create again --role viewer --expires never");
    assert!(shown.stdout.contains("Token           pvkt1_"), "{shown:?}");
}

#[test]
fn a_scope_names_a_group() {
    let home = Home::new();
    let group = home.json("group create Plant-7");
    let scope = format!("operator:{}", group["id"].as_str().unwrap());
    for (name, given) in [("by-name", "operator:plant-7"), ("by-id", &scope)] {
        let made = home.json(&format!("admin-token create {name} --scope {given}"));
        assert_eq!(
            (&made["token"]["role"], &made["token"]["scope"]),
            (&"operator".into(), &scope.as_str().into())
        );
    }
    assert!(home.run("admin-token list").stdout.contains(&scope));
    let wrong = home.run("admin-token create x --scope admin:Plant-7");
    assert!(wrong.stderr.contains("error: scope_invalid"), "{wrong:?}");
    assert_eq!(home.run("admin-token create x --scope operator:Plant-7 --role admin").status, 2);
    assert_eq!(home.run("admin-token create x").status, 2);
}

#[test]
fn wrong_roles_and_names_are_refused() {
    let home = Home::new();
    assert_eq!(home.run("admin-token create ci --role root").status, 2);
    home.run("admin-token create ci --role viewer").succeeds();
    let again = home.run("admin-token create CI --role viewer");
    assert!(again.stderr.contains("error: name_in_use"), "{again:?}");
    let absent = home.run("admin-token revoke nobody");
    assert!(absent.stderr.contains("error: admin_token_not_found"), "{absent:?}");
}
