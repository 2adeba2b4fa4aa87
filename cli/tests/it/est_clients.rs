//! Other EST clients: curl with OpenSSL, and strongSwan.

use std::process::{Command, Stdio};

use crate::home::{Home, Run};
use crate::server::Server;

/// Runs a shell command in the folder, which has to succeed.
#[track_caller]
fn shell(server: &Server<'_>, line: &str) -> String {
    let home = server.home;
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", line]).current_dir(home.path(""));
    command.env("URL", format!("https://localhost:{}", server.address.port()));
    let output = command.stdin(Stdio::null()).output().unwrap();
    let run: Run = output.into();
    assert_eq!(run.status, 0, "{line}\n{run:?}");
    run.stdout
}

/// A folder with a key, its text in `k.key`, and the root in `root.pem`. Returns the id of the key.
fn prepare(server: &Server<'_>) -> String {
    let id = server.home.make_key("k", 20, "");
    server.home.run("enroll --key-file k.key --dir first").succeeds();
    server.write_root("first/chain.pem");
    id
}

const CURL: &str = "curl --silent --show-error --fail --cacert root.pem";

#[test]
fn curl_and_openssl_enroll() {
    let (home, port) = Home::local();
    let server = home.serve(port, &[]);
    let id = prepare(&server);
    let enroll = |how: &str| {
        shell(
            &server,
            &format!(
                "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout c.pem \
                    -subj /CN=x -out c.csr 2>/dev/null
                 {how} | base64 -d | openssl pkcs7 -inform DER -print_certs -out leaf.pem
                 {CURL} $URL/.well-known/est/cacerts | base64 -d \
                    | openssl pkcs7 -inform DER -print_certs -out cas.pem
                 openssl verify -x509_strict -purpose sslclient -CAfile root.pem -untrusted cas.pem \
                    leaf.pem
                 diff <(openssl x509 -in leaf.pem -noout -pubkey) <(openssl req -in c.csr -noout -pubkey)"
            ),
        )
    };
    let post = format!(
        "{CURL} -H 'Content-Type: application/pkcs10' --data-binary @- $URL/.well-known/est/simpleenroll"
    );
    let basic = format!("-u {id}:$(cat k.key)");
    let bearer = "-H \"Authorization: Bearer $(cat k.key)\"";
    let der = "openssl req -in c.csr -outform DER";
    // First as in the documentation, then every form in which clients send requests.
    enroll(&format!("{der} | base64 | {post} {basic}"));
    enroll(&format!("{der} | base64 -w0 | {post} {bearer}"));
    enroll(&format!("{der} | base64 | sed 's/$/\\r/' | {post} {basic}"));
    enroll(&format!("{der} | base64 | {post} {basic} -H 'Transfer-Encoding: chunked' --http1.1"));
    enroll(&format!("{der} | {post} {bearer} --tlsv1.2 --tls-max 1.2"));
    enroll(&format!("cat c.csr | {post} {bearer} --http1.1"));
    assert_eq!(home.used(), 7);
    let attributes =
        format!("{CURL} $URL/.well-known/est/csrattrs | base64 -d | openssl asn1parse -inform DER");
    assert!(shell(&server, &attributes).contains("prime256v1"));
}

#[test]
fn strongswan_enrolls_and_enrolls_again() {
    let (home, port) = Home::local();
    let server = home.serve(port, &[]);
    let id = prepare(&server);
    shell(&server, "pki --estca --url $URL --cacert root.pem --caout ca.pem --outform pem");
    let request = |name: &str| {
        format!(
            "pki --gen --type ecdsa --size 256 --outform pem > {name}.pem
             pki --req --in {name}.pem --type priv --dn CN=x --outform pem > {name}.csr
             pki --est --url $URL --cacert root.pem --in {name}.csr --outform pem > {name}.crt"
        )
    };
    shell(&server, &format!("{} --userpass {id}:$(cat k.key)", request("one")));
    shell(&server, &format!("{} --cert one.crt --key one.pem", request("two")));
    let verify = "openssl verify -x509_strict -CAfile ca.pem -untrusted ca-1.pem one.crt two.crt";
    assert!(shell(&server, verify).contains("two.crt: OK"));
    assert_eq!(home.used(), 2, "renewing costs no use");
    // RFC 7030, 4.2.2: with the alternative names of the certificate.
    let again = |names: &str| {
        format!(
            "openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout three.pem \
                -subj /CN=x -addext \"subjectAltName=$({names})\" -outform DER 2>/dev/null | base64 \
                | {CURL} --no-fail -H 'Content-Type: application/pkcs10' --data-binary @- \
                    --cert two.crt --key two.pem $URL/.well-known/est/simplereenroll"
        )
    };
    let names = "openssl x509 -in two.crt -noout -ext subjectAltName | sed -n 's/^ *URI/URI/p'";
    let other = format!("{names} | sed 's/$/x/'");
    assert!(shell(&server, &again(&other)).contains("csr_requests_names"));
    let decode = "base64 -d | openssl pkcs7 -inform DER -print_certs -out three.crt";
    shell(&server, &format!("{} | {decode}", again(names)));
    let names = |certificate| {
        shell(&server, &format!("openssl x509 -in {certificate} -noout -ext subjectAltName"))
    };
    assert_eq!(names("three.crt"), names("two.crt"));
}
