// The authority's half of provkey.hpp. Include <provkey.hpp>.
#ifndef PROVKEY_AUTHORITY_HPP
#define PROVKEY_AUTHORITY_HPP

#include <provkey/connector.hpp>
#include <provkey/pages.hpp>
#include <provkey/store.hpp>

namespace provkey {

/// A clock of the application. An exception ends the program.
class custom_clock {
public:
    virtual ~custom_clock() = default;

    /// Returns the current time in Unix milliseconds.
    virtual std::uint64_t now_ms() noexcept = 0;
};

/// The clock of an authority.
class clock : public object<provkey_clock, provkey_clock_free> {
public:
    using object::object;

    static result<clock> make(std::unique_ptr<custom_clock> part) noexcept {
        auto callbacks = detail::callbacks_of<provkey_clock_callbacks>(part.get());
        if (part != nullptr)
            callbacks.now_ms = [](void *user_data) {
                return static_cast<custom_clock *>(user_data)->now_ms();
            };
        return detail::with_callbacks<clock>(std::move(part), provkey_clock_new, &callbacks);
    }
};

/// An observer of the application. Exceptions are ignored.
class custom_observer {
public:
    virtual ~custom_observer() = default;

    /// Called for each event. Must not call the authority.
    virtual void observe(const provkey_event &event) = 0;
};

/// An observer of an authority's events.
class observer : public object<provkey_observer, provkey_observer_free> {
public:
    using object::object;

    static result<observer> make(std::unique_ptr<custom_observer> part) noexcept {
        auto callbacks = detail::callbacks_of<provkey_observer_callbacks>(part.get());
        if (part != nullptr)
            callbacks.observe = [](void *user_data, const provkey_event *event) {
                (void)detail::guard(PROVKEY_STATUS_OK, [&] {
                    static_cast<custom_observer *>(user_data)->observe(*event);
                    return PROVKEY_STATUS_OK;
                });
            };
        return detail::with_callbacks<observer>(std::move(part), provkey_observer_new, &callbacks);
    }
};

/// The master keys of an authority. A secret, which is wiped.
class keyring : public object<provkey_keyring, provkey_keyring_free> {
public:
    using object::object;

    static result<keyring> generate(const random *random = nullptr) noexcept {
        return detail::make<keyring>(provkey_keyring_generate, detail::c_or_null(random));
    }

    /// Reads the contents of a master key file.
    static result<keyring> read(bytes_view text) noexcept {
        return detail::make<keyring>(provkey_keyring_read, text.data(), text.size());
    }

    /// The contents of the master key file. A secret.
    result<bytes> text() const noexcept {
        return detail::make<bytes>(provkey_keyring_text, c());
    }

    /// These master keys and a new one.
    result<keyring> rotated(const random *random = nullptr) const noexcept {
        return detail::make<keyring>(provkey_keyring_rotated, c(), detail::c_or_null(random));
    }

    /// These master keys except the one in a slot.
    result<keyring> without(std::uint32_t slot) const noexcept {
        return detail::make<keyring>(provkey_keyring_without, c(), slot);
    }

    result<std::uint32_t> current_slot() const noexcept {
        return detail::fill<std::uint32_t>(provkey_keyring_current_slot, c());
    }
};

// Structs that the caller fills in, with the fields of C.

using actor = plain<provkey_actor>;
using audit_filter = plain<provkey_audit_filter>;
using certificate_import = plain<provkey_certificate_import>;
using connector_filter = plain<provkey_connector_filter>;
using key_filter = plain<provkey_key_filter>;
using key_update = plain<provkey_key_update>;
using new_authority = plain<provkey_new_authority>;
using new_certificate = plain<provkey_new_certificate>;
using new_key = plain<provkey_new_key>;

/// What an authority uses of the application.
struct environment : plain<provkey_environment> {
    explicit environment(const provkey::store &store, const provkey::clock *clock = nullptr,
                         const provkey::random *random = nullptr,
                         const provkey::observer *observer = nullptr) noexcept {
        this->store = store.c();
        this->clock = detail::c_or_null(clock);
        this->random = detail::c_or_null(random);
        this->observer = detail::c_or_null(observer);
    }
};

/// An enrollment request.
struct enroll_request : plain<provkey_enroll_request> {
    enroll_request() noexcept = default;
    explicit enroll_request(bytes_view csr) noexcept {
        this->csr = csr.data();
        this->csr_len = csr.size();
    }
};

/// A renewal request.
struct renew_request : plain<provkey_renew_request> {
    renew_request() noexcept = default;
    explicit renew_request(bytes_view csr) noexcept {
        this->csr = csr.data();
        this->csr_len = csr.size();
    }
};

// Structs that the authority hands out, with the fields of C.

using admin_token = record<provkey_admin_token, provkey_admin_token_free>;
using authority_details = record<provkey_authority_details, provkey_authority_details_free>;
using certificate_request = record<provkey_certificate_request, provkey_certificate_request_free>;
using compromised = provkey_compromised;
using connector = record<provkey_connector, provkey_connector_free>;
using connector_group = record<provkey_connector_group, provkey_connector_group_free>;
using crl = record<provkey_crl, provkey_crl_free>;
using server_certificate = record<provkey_server_certificate, provkey_server_certificate_free>;
using enrolled = record<provkey_enrolled, provkey_enrolled_free>;
using enrollment_certificate =
    record<provkey_enrollment_certificate, provkey_enrollment_certificate_free>;
using key_details = record<provkey_key_details, provkey_key_details_free>;
using pruned = provkey_pruned;

using admin_token_page = page<provkey_admin_token_page, provkey_admin_token_page_free>;
using audit_page = page<provkey_audit_page, provkey_audit_page_free>;
using certificate_request_page =
    page<provkey_certificate_request_page, provkey_certificate_request_page_free>;
using connector_page = page<provkey_connector_page, provkey_connector_page_free>;
using connector_group_page = page<provkey_connector_group_page, provkey_connector_group_page_free>;
using enrollment_certificate_page =
    page<provkey_enrollment_certificate_page, provkey_enrollment_certificate_page_free>;
using key_page = page<provkey_key_page, provkey_key_page_free>;

/// The text of a key as a file.
struct key_file {
    bytes name;
    bytes contents; // a secret
};

/// A new admin token with its text.
struct new_admin_token {
    admin_token token;
    bytes text; // a secret
};

/// An authority. Any number of threads may use it at the same time. Each function is documented at
/// `provkey_authority_…` of the same name. `list_…` returns one page; the functions named after
/// what they list iterate over all pages: `for (const auto &key : authority.keys())`.
class authority : public object<provkey_authority, provkey_authority_free> {
public:
    using object::object;

    // The authority itself.

    static result<bool> exists(const store &store) noexcept {
        return detail::fill<bool>(provkey_authority_exists, store.c());
    }

    static result<authority> create(const environment &environment, const keyring &keyring,
                                    const new_authority &wanted) noexcept {
        return detail::make<authority>(provkey_authority_create, &environment, keyring.c(),
                                       &wanted);
    }

    static result<authority> open(const environment &environment, const keyring &keyring) noexcept {
        return detail::make<authority>(provkey_authority_open, &environment, keyring.c());
    }

    result<authority_details> describe() const noexcept {
        return detail::make<authority_details>(provkey_authority_describe, c());
    }

    result<void> add_host(text host) const noexcept {
        return detail::run(provkey_authority_add_host, c(), host.c_str());
    }

    result<authority> acting_as(text actor) const noexcept {
        return detail::make<authority>(provkey_authority_acting_as, c(), actor.c_str());
    }

    /// The same, with the actor's admin token and address.
    result<authority> acting_as(const actor &who) const noexcept {
        return detail::make<authority>(provkey_authority_acting_for, c(), &who);
    }

    result<std::uint32_t> master_slot() const noexcept {
        return detail::fill<std::uint32_t>(provkey_authority_master_slot, c());
    }

    result<void> rotate_master(const keyring &keyring) const noexcept {
        return detail::run(provkey_authority_rotate_master, c(), keyring.c());
    }

    result<void> replace_keyring(const keyring &keyring) const noexcept {
        return detail::run(provkey_authority_replace_keyring, c(), keyring.c());
    }

    /// Bit n: the master key of slot n is missing.
    result<std::uint32_t> missing_masters() const noexcept {
        return detail::fill<std::uint32_t>(provkey_authority_missing_masters, c());
    }

    result<void> remove_master(std::uint32_t slot) const noexcept {
        return detail::run(provkey_authority_remove_master, c(), slot);
    }

    /// Names the latest change that is known to be durable. Save it outside of the store.
    result<bytes> checkpoint() const noexcept {
        return detail::make<bytes>(provkey_authority_checkpoint, c());
    }

    /// Fails if the store lacks the change that `checkpoint` names.
    result<void> verify_checkpoint(text checkpoint) const noexcept {
        return detail::run(provkey_authority_verify_checkpoint, c(), checkpoint.c_str());
    }

    /// Accepts a store that lacks the change that `lost` names. Returns the checkpoint to save from
    /// now on.
    result<bytes> accept_rollback(text lost) const noexcept {
        return detail::make<bytes>(provkey_authority_accept_rollback, c(), lost.c_str());
    }

    /// Stores the counts of refusals and replays that wait in memory.
    result<void> flush() const noexcept {
        return detail::run(provkey_authority_flush, c());
    }

    result<pruned> prune(std::uint64_t audit_before_ms,
                         std::uint64_t expired_before_ms) const noexcept {
        return detail::fill<pruned>(provkey_authority_prune, c(), audit_before_ms,
                                    expired_before_ms);
    }

    // Groups.

    result<connector_group> create_group(text name) const noexcept {
        return detail::make<connector_group>(provkey_authority_create_group, c(), name.c_str());
    }

    result<connector_group> group(text id) const noexcept {
        return detail::make<connector_group>(provkey_authority_group, c(), id.c_str());
    }

    result<connector_group> find_group(text id_or_name) const noexcept {
        return detail::make<connector_group>(provkey_authority_find_group, c(), id_or_name.c_str());
    }

    result<connector_group_page> list_groups(const page_request &page = {}) const noexcept {
        return detail::make<connector_group_page>(provkey_authority_list_groups, c(), &page);
    }

    auto groups() const {
        return all<connector_group_page>(
            [this](const page_request &page) { return list_groups(page); });
    }

    result<void> delete_group(text id) const noexcept {
        return detail::run(provkey_authority_delete_group, c(), id.c_str());
    }

    // Enrollment certificates.

    result<enrollment_certificate> create_certificate(const new_certificate &wanted) const noexcept {
        return detail::make<enrollment_certificate>(provkey_authority_create_certificate, c(),
                                                    &wanted);
    }

    result<enrollment_certificate> certificate(text id) const noexcept {
        return detail::make<enrollment_certificate>(provkey_authority_certificate, c(), id.c_str());
    }

    result<enrollment_certificate> find_certificate(text id_or_name) const noexcept {
        return detail::make<enrollment_certificate>(provkey_authority_find_certificate, c(),
                                                    id_or_name.c_str());
    }

    result<enrollment_certificate_page>
    list_certificates(const page_request &page = {}) const noexcept {
        return detail::make<enrollment_certificate_page>(provkey_authority_list_certificates, c(),
                                                         &page);
    }

    auto certificates() const {
        return all<enrollment_certificate_page>(
            [this](const page_request &page) { return list_certificates(page); });
    }

    result<void> retire_certificate(text id) const noexcept {
        return detail::run(provkey_authority_retire_certificate, c(), id.c_str());
    }

    result<std::uint64_t> count_connectors(text id) const noexcept {
        return detail::fill<std::uint64_t>(provkey_authority_count_connectors, c(), id.c_str());
    }

    result<void> delete_certificate(text id) const noexcept {
        return detail::run(provkey_authority_delete_certificate, c(), id.c_str());
    }

    result<void> attach_signer(const signer &signer) const noexcept {
        return detail::run(provkey_authority_attach_signer, c(), signer.c());
    }

    // Certificates of an external CA.

    result<provkey::certificate_request>
    request_certificate(const new_certificate &wanted) const noexcept {
        return detail::make<provkey::certificate_request>(provkey_authority_request_certificate,
                                                          c(), &wanted);
    }

    result<enrollment_certificate> import_answer(text id, bytes_view certificates) const noexcept {
        return detail::make<enrollment_certificate>(provkey_authority_import_answer, c(),
                                                    id.c_str(), certificates.data(),
                                                    certificates.size());
    }

    result<enrollment_certificate>
    import_certificate(const certificate_import &import) const noexcept {
        return detail::make<enrollment_certificate>(provkey_authority_import_certificate, c(),
                                                    &import);
    }

    result<provkey::certificate_request> certificate_request(text id) const noexcept {
        return detail::make<provkey::certificate_request>(provkey_authority_certificate_request,
                                                          c(), id.c_str());
    }

    result<provkey::certificate_request> find_certificate_request(text id_or_name) const noexcept {
        return detail::make<provkey::certificate_request>(
            provkey_authority_find_certificate_request, c(), id_or_name.c_str());
    }

    result<certificate_request_page>
    list_certificate_requests(const page_request &page = {}) const noexcept {
        return detail::make<certificate_request_page>(provkey_authority_list_certificate_requests,
                                                      c(), &page);
    }

    auto certificate_requests() const {
        return all<certificate_request_page>(
            [this](const page_request &page) { return list_certificate_requests(page); });
    }

    result<void> delete_certificate_request(text id) const noexcept {
        return detail::run(provkey_authority_delete_certificate_request, c(), id.c_str());
    }

    // Provisioning keys.

    result<key_details> create_key(const new_key &wanted) const noexcept {
        return detail::make<key_details>(provkey_authority_create_key, c(), &wanted);
    }

    result<key_details> key(text id) const noexcept {
        return detail::make<key_details>(provkey_authority_key, c(), id.c_str());
    }

    result<key_details> find_key(text id_or_name) const noexcept {
        return detail::make<key_details>(provkey_authority_find_key, c(), id_or_name.c_str());
    }

    result<key_page> list_keys(const key_filter &filter = {},
                               const page_request &page = {}) const noexcept {
        return detail::make<key_page>(provkey_authority_list_keys, c(), &filter, &page);
    }

    auto keys(const key_filter &filter = {}) const {
        return all<key_page>(
            [this, filter](const page_request &page) { return list_keys(filter, page); });
    }

    result<key_details> update_key(text id, const key_update &update) const noexcept {
        return detail::make<key_details>(provkey_authority_update_key, c(), id.c_str(), &update);
    }

    result<void> delete_key(text id) const noexcept {
        return detail::run(provkey_authority_delete_key, c(), id.c_str());
    }

    /// A secret.
    result<bytes> copy_key(text id) const noexcept {
        return detail::make<bytes>(provkey_authority_copy_key, c(), id.c_str());
    }

    result<key_file> download_key(text id) const noexcept {
        provkey_bytes *name = nullptr, *contents = nullptr;
        result<void> done = detail::run(provkey_authority_download_key, c(), id.c_str(), &name,
                                        &contents);
        if (!done)
            return done.take_error();
        return key_file{bytes(name), bytes(contents)};
    }

    result<compromised> compromise_key(text id, std::uint64_t since_ms = 0,
                                       bool dry_run = false) const noexcept {
        return detail::fill<compromised>(provkey_authority_compromise_key, c(), id.c_str(),
                                         since_ms, dry_run);
    }

    // Admin tokens.

    result<new_admin_token> create_token(text name, provkey_admin_role role,
                                         std::uint64_t expires_at_ms = 0) const noexcept {
        provkey_admin_token *token = nullptr;
        provkey_bytes *secret = nullptr;
        result<void> done = detail::run(provkey_authority_create_token, c(), name.c_str(), role,
                                        expires_at_ms, &token, &secret);
        if (!done)
            return done.take_error();
        return new_admin_token{admin_token(token), bytes(secret)};
    }

    result<admin_token> authenticate_token(text token_text) const noexcept {
        return detail::make<admin_token>(provkey_authority_authenticate_token, c(),
                                         token_text.c_str());
    }

    result<admin_token> find_token(text id_or_name) const noexcept {
        return detail::make<admin_token>(provkey_authority_find_token, c(), id_or_name.c_str());
    }

    result<admin_token_page> list_tokens(const page_request &page = {}) const noexcept {
        return detail::make<admin_token_page>(provkey_authority_list_tokens, c(), &page);
    }

    auto tokens() const {
        return all<admin_token_page>(
            [this](const page_request &page) { return list_tokens(page); });
    }

    /// Records that the actor signed in.
    result<void> record_sign_in() const noexcept {
        return detail::run(provkey_authority_record_sign_in, c());
    }

    /// Records that the actor signed out.
    result<void> record_sign_out() const noexcept {
        return detail::run(provkey_authority_record_sign_out, c());
    }

    result<void> revoke_token(text id) const noexcept {
        return detail::run(provkey_authority_revoke_token, c(), id.c_str());
    }

    // Connectors.

    result<enrolled> enroll(const enroll_request &request) const noexcept {
        return detail::make<enrolled>(provkey_authority_enroll, c(), &request);
    }

    /// Enrolls many connectors. Returns one result for each request, in order.
    result<std::vector<result<enrolled>>> enroll_many(view<enroll_request> requests) const {
        static_assert(sizeof(enroll_request) == sizeof(provkey_enroll_request));
        std::vector<provkey_enrolled *> made(requests.size());
        std::vector<provkey_status> statuses(requests.size());
        std::vector<provkey_error *> whys(requests.size());
        std::vector<result<enrolled>> results;
        results.reserve(requests.size());
        result<void> done = detail::run(provkey_authority_enroll_many, c(), requests.data(),
                                        requests.size(), made.data(), statuses.data(), whys.data());
        if (!done)
            return done.take_error();
        for (std::size_t at = 0; at < requests.size(); at++) {
            if (statuses[at] == PROVKEY_STATUS_OK)
                results.emplace_back(enrolled(made[at]));
            else
                results.emplace_back(failure(statuses[at], whys[at]));
        }
        return results;
    }

    result<enrolled> renew(const renew_request &request) const noexcept {
        return detail::make<enrolled>(provkey_authority_renew, c(), &request);
    }

    result<provkey::connector> connector(text id) const noexcept {
        return detail::make<provkey::connector>(provkey_authority_connector, c(), id.c_str());
    }

    result<connector_page> list_connectors(const connector_filter &filter = {},
                                           const page_request &page = {}) const noexcept {
        return detail::make<connector_page>(provkey_authority_list_connectors, c(), &filter, &page);
    }

    auto connectors(const connector_filter &filter = {}) const {
        return all<connector_page>(
            [this, filter](const page_request &page) { return list_connectors(filter, page); });
    }

    /// `reason`: `nullptr` for none.
    result<void> revoke_connector(text id, text reason = nullptr) const noexcept {
        return detail::run(provkey_authority_revoke_connector, c(), id.c_str(), reason.c_str());
    }

    // CRLs, OCSP and server certificates.

    result<provkey::crl> crl(text id) const noexcept {
        return detail::make<provkey::crl>(provkey_authority_crl, c(), id.c_str());
    }

    result<provkey::crl> root_crl() const noexcept {
        return detail::make<provkey::crl>(provkey_authority_root_crl, c());
    }

    result<server_certificate> issue_server_certificate(text host, bytes_view spki,
                                                        std::uint64_t validity_seconds) const noexcept {
        return detail::make<server_certificate>(provkey_authority_issue_server_certificate, c(),
                                                host.c_str(), spki.data(), spki.size(),
                                                validity_seconds);
    }

    result<bytes> ocsp(bytes_view request) const noexcept {
        return detail::make<bytes>(provkey_authority_ocsp, c(), request.data(), request.size());
    }

    // The audit trail.

    result<audit_page> list_audit(const audit_filter &filter = {},
                                  const page_request &page = {}) const noexcept {
        return detail::make<audit_page>(provkey_authority_list_audit, c(), &filter, &page);
    }

    auto audit(const audit_filter &filter = {}) const {
        return all<audit_page>(
            [this, filter](const page_request &page) { return list_audit(filter, page); });
    }

private:
    template <class Page, class Fetch>
    static listing<Page, Fetch> all(Fetch fetch) {
        return listing<Page, Fetch>(std::move(fetch));
    }
};

} // namespace provkey

#endif
