// The connector's half of provkey.hpp. Include <provkey.hpp>.
#ifndef PROVKEY_CONNECTOR_HPP
#define PROVKEY_CONNECTOR_HPP

#include <provkey/base.hpp>

#include <vector>

namespace provkey {

/// A source of random bytes of the application.
class custom_random {
public:
    virtual ~custom_random() = default;

    /// Fills all of `bytes`. Any status but `PROVKEY_STATUS_OK`, or an exception: there is no
    /// randomness.
    virtual provkey_status fill(std::uint8_t *bytes, std::size_t len) = 0;
};

/// A source of random bytes. Where a function takes one, `nullptr` is the operating system's.
class random : public object<provkey_random, provkey_random_free> {
public:
    using object::object;

    static result<random> make(std::unique_ptr<custom_random> part) noexcept {
        auto callbacks = detail::callbacks_of<provkey_random_callbacks>(part.get());
        if (part != nullptr)
            callbacks.fill = [](void *user_data, std::uint8_t *bytes, std::size_t len) {
                return detail::guard(PROVKEY_STATUS_RANDOM_UNAVAILABLE, [&] {
                    return static_cast<custom_random *>(user_data)->fill(bytes, len);
                });
            };
        return detail::with_callbacks<random>(std::move(part), provkey_random_new, &callbacks);
    }
};

/// A private key outside of the library: in a secure element, a TPM, a keystore.
class custom_signer {
public:
    virtual ~custom_signer() = default;

    /// Signs, and appends the signature, encoded as `provkey_signer_callbacks` says. Returns or
    /// throws `PROVKEY_STATUS_SIGNER_UNAVAILABLE` if the key is out of reach for now.
    virtual provkey_status sign(bytes_view message, std::vector<std::uint8_t> &signature) = 0;
};

/// A private key outside of the library, which signs through a callback.
class signer : public object<provkey_signer, provkey_signer_free> {
public:
    using object::object;

    /// `public_key`: the DER of its SubjectPublicKeyInfo.
    static result<signer> make(std::unique_ptr<custom_signer> part, bytes_view public_key) noexcept {
        auto callbacks = detail::callbacks_of<provkey_signer_callbacks>(part.get());
        if (part != nullptr)
            callbacks.sign = sign;
        return detail::with_callbacks<signer>(std::move(part), provkey_signer_new, &callbacks,
                                              public_key.data(), public_key.size());
    }

private:
    static provkey_status sign(void *user_data, const std::uint8_t *message, std::size_t len,
                               provkey_bytes_sink *sink) {
        return detail::guard(PROVKEY_STATUS_SIGNER_FAILED, [&] {
            std::vector<std::uint8_t> signature;
            auto *part = static_cast<custom_signer *>(user_data);
            provkey_status status = part->sign({message, len}, signature);
            if (status != PROVKEY_STATUS_OK)
                return status;
            return provkey_bytes_sink_write(sink, signature.data(), signature.size());
        });
    }
};

/// A machine's fingerprint. Not a secret.
struct fingerprint : provkey_fingerprint {
    /// Computes the fingerprint of a machine from its material.
    static result<fingerprint> of(bytes_view material) noexcept {
        return detail::fill<fingerprint>(provkey_fingerprint_of, material.data(), material.size());
    }

    /// As 32 hexadecimal digits.
    std::string to_string() const {
        char characters[PROVKEY_FINGERPRINT_TEXT_SIZE] = "";
        (void)provkey_fingerprint_text(this, characters, nullptr);
        return characters;
    }
};

/// A provisioning key: `key->host`, `key->id`, `key->public_text`, `key->pin`. Its secret is wiped.
class provisioning_key : public record<provkey_provisioning_key, provkey_provisioning_key_free> {
public:
    using record::record;

    /// Reads the text of a key. The failure says which characters are wrong.
    static result<provisioning_key> read(bytes_view text) noexcept {
        return detail::make<provisioning_key>(provkey_provisioning_key_read, text.data(),
                                              text.size());
    }

    /// Repairs a miscopied text. A secret.
    static result<bytes> repair(bytes_view text) noexcept {
        return detail::make<bytes>(provkey_provisioning_key_repair, text.data(), text.size());
    }

    /// The canonical text. A secret.
    result<bytes> text() const noexcept {
        return detail::make<bytes>(provkey_provisioning_key_text, c());
    }
};

/// A CSR: `request->der`, `request->pem`. Not a secret.
using request = record<provkey_request, provkey_request_free>;

/// The details of an identity: `details->state`, `details->connector`, …
using identity_details = record<provkey_identity_details, provkey_identity_details_free>;

/// The result of accepting an answer.
using accepted = provkey_accepted;

/// The identity of a connector. Its private key is wiped. One thread uses it at a time.
class identity : public object<provkey_identity, provkey_identity_free> {
public:
    using object::object;

    /// Makes an identity with a new key pair.
    static result<identity>
    generate(provkey_key_algorithm algorithm = PROVKEY_KEY_ALGORITHM_P256) noexcept {
        return detail::make<identity>(provkey_identity_generate, algorithm);
    }

    /// Makes an identity whose private key is elsewhere.
    static result<identity> with_signer(const signer &signer) noexcept {
        return detail::make<identity>(provkey_identity_with_signer, signer.c());
    }

    /// Opens the file that `seal` made.
    static result<identity> open(bytes_view file, bytes_view material) noexcept {
        return detail::make<identity>(provkey_identity_open, file.data(), file.size(),
                                      material.data(), material.size());
    }

    /// Reads the file that `to_bytes` made.
    static result<identity> from_bytes(bytes_view file) noexcept {
        return detail::make<identity>(provkey_identity_from_bytes, file.data(), file.size());
    }

    /// Attaches the signer of a private key that is elsewhere.
    result<void> attach_signer(const signer &signer) noexcept {
        return detail::run(provkey_identity_attach_signer, c(), signer.c());
    }

    /// The identity as a file that only this machine can open.
    result<bytes> seal(bytes_view material, const random *random = nullptr) const noexcept {
        return detail::make<bytes>(provkey_identity_seal, c(), material.data(), material.size(),
                                   detail::c_or_null(random));
    }

    /// The identity as a file with the private key in the clear. A secret.
    result<bytes> to_bytes() const noexcept {
        return detail::make<bytes>(provkey_identity_to_bytes, c());
    }

    /// The details at a moment, in Unix milliseconds.
    result<identity_details> describe(std::uint64_t now_ms) const noexcept {
        return detail::make<identity_details>(provkey_identity_describe, c(), now_ms);
    }

    /// Its certificate in DER.
    result<bytes> certificate() const noexcept {
        return detail::make<bytes>(provkey_identity_certificate, c());
    }

    /// Its private key in PEM. A secret.
    result<bytes> private_key() const noexcept {
        return detail::make<bytes>(provkey_identity_private_key, c());
    }

    /// Makes a request for a certificate with a provisioning key.
    result<provkey::request> request(const provisioning_key &key,
                                     const fingerprint *fingerprint = nullptr) noexcept {
        return detail::make<provkey::request>(provkey_identity_request, c(), key.c(), fingerprint);
    }

    /// Makes a request for renewal: for the same key pair (0), or for a new one of this algorithm.
    result<provkey::request> renew_request(provkey_key_algorithm algorithm = 0,
                                           const fingerprint *fingerprint = nullptr) noexcept {
        return detail::make<provkey::request>(provkey_identity_renew_request, c(), algorithm,
                                              nullptr, fingerprint);
    }

    /// Makes a request for renewal for a new private key that is elsewhere.
    result<provkey::request> renew_request(const signer &signer,
                                           const fingerprint *fingerprint = nullptr) noexcept {
        return detail::make<provkey::request>(provkey_identity_renew_request, c(), 0, signer.c(),
                                              fingerprint);
    }

    /// Drops the pending renewal, after the authority refused it with `public_key_in_use`.
    result<void> drop_renewal() noexcept {
        return detail::run(provkey_identity_drop_renewal, c());
    }

    /// Accepts the answer to a request, in PEM.
    result<accepted> accept(bytes_view answer, std::uint64_t now_ms) noexcept {
        return detail::fill<accepted>(provkey_identity_accept, c(), answer.data(), answer.size(),
                                      now_ms);
    }

    /// Checks the certificates of a TLS server, in PEM, its own first. Returns the moment to use
    /// from here on, in Unix milliseconds.
    result<std::uint64_t> check_server(bytes_view chain, std::uint64_t now_ms) const noexcept {
        return detail::fill<std::uint64_t>(provkey_identity_check_server, c(), chain.data(),
                                           chain.size(), now_ms);
    }
};

} // namespace provkey

#endif
