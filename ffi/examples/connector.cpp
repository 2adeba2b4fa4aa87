// The connector of connector.c in C++17: the same options, lines and exit status.
#define PROVKEY_CONNECTOR_ONLY
#include <provkey.hpp>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstring>
#include <ctime>
#include <fcntl.h>
#include <iostream>
#include <optional>
#include <stdexcept>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "transport.h"

namespace {

enum outcome { done = 0, failed = 1, later = 75 };

std::uint64_t now_ms() {
    using namespace std::chrono;
    return std::uint64_t(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

void notice(std::string_view text) { std::cout << "notice: " << text << std::endl; }

/// Ends the program with this status; the reason was printed.
struct end {
    outcome why;
};

[[noreturn]] void fail_file(const std::string &path) {
    std::cout << "error: " << path << ": " << std::strerror(errno) << std::endl;
    throw end{failed};
}

/// The contents of a file, which are wiped afterwards.
class contents {
public:
    explicit contents(const std::string &path) : there_(file_read(path.c_str(), &buffer_) == 0) {
        if (!there_ && errno != ENOENT)
            fail_file(path);
    }
    contents(const contents &) = delete;
    ~contents() { buffer_wipe(&buffer_); }

    bool there() const { return there_; }
    const std::uint8_t *data() const { return buffer_.data; }
    std::size_t size() const { return buffer_.len; }

private:
    buffer buffer_ = {};
    bool there_;
};

class connector {
public:
    std::string folder, key_path, material_path, chain_path, command;
    std::uint64_t ahead_ms = 0;

    void run() {
        enter();
        if (!material_path.empty()) {
            material_.emplace(material_path);
            if (!material_->there())
                fail_file(material_path);
            fingerprint_ = provkey::fingerprint::of(*material_).value();
        }
        load();
        const auto state = describe(now_ms() + ahead_ms);
        if (!state || (*state)->state == PROVKEY_CERTIFICATE_STATE_NONE)
            attempt("No valid certificate. Attempting to enroll", "Enrolled",
                    "Certificate enrollment failed.", [this] { enroll(); });
        else if ((*state)->state != PROVKEY_CERTIFICATE_STATE_VALID)
            attempt("The certificate is due. Attempting to renew", "Renewed",
                    "Certificate renewal failed.", [this] { renew(); });
        report(*describe(now_ms()));
    }

    /// Explains an error of the library.
    static outcome explain(const provkey::failure &why) {
        std::cout << "error: " << why.code() << ": " << why.message() << '\n';
        if (!why.shown().empty())
            std::cout << "  " << why.shown() << "\n  " << why.marks() << '\n';
        if (why.repairable())
            notice("A repair is known. Compare the marked characters with the original.");
        return why.retryable() || why.outcome_unknown() ? later : failed;
    }

private:
    /// Locks the folder, so that only one connector runs.
    void enter() const {
        mkdir(folder.c_str(), 0700);
        int file = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (file < 0 || flock(file, LOCK_EX) != 0)
            fail_file(folder);
    }

    void load() {
        const contents file(folder + "/identity");
        if (file.there())
            identity_ = (material_ ? provkey::identity::open(file, *material_)
                                   : provkey::identity::from_bytes(file))
                            .value();
    }

    void save() const {
        auto file = (material_ ? identity_->seal(*material_) : identity_->to_bytes()).value();
        const std::string path = folder + "/identity";
        if (file_write(path.c_str(), file.data(), file.size()) != 0)
            fail_file(path);
    }

    std::optional<provkey::identity_details> describe(std::uint64_t at_ms) const {
        if (!identity_)
            return std::nullopt;
        return identity_->describe(at_ms).value();
    }

    const provkey::fingerprint *fingerprint() const {
        return fingerprint_ ? &*fingerprint_ : nullptr;
    }

    template <class Step>
    static void attempt(const char *what, const char *success, const char *failure, Step step) {
        notice(what);
        try {
            step();
        } catch (const end &) {
            notice(failure);
            throw;
        } catch (const provkey::error &thrown) {
            const outcome why = explain(thrown.why());
            notice(failure);
            throw end{why};
        }
        notice(success);
    }

    void enroll() {
        const contents text(key_path);
        if (!text.there())
            fail_file(key_path);
        auto key = provkey::provisioning_key::read(text).value();
        if (!identity_)
            identity_ = provkey::identity::generate().value();
        send("enroll", identity_->request(key, fingerprint()).value());
    }

    void renew() { send("renew", identity_->renew_request(0, fingerprint()).value()); }

    /// Saves the identity before it sends a request: then asking again costs no use.
    void send(const std::string &action, const provkey::request &request) {
        save();
        const auto details = *describe(now_ms());
        const bool renewing = action == "renew";
        const std::string host = renewing ? details->enrolled_host : details->asked_host;
        const std::string key = renewing ? details->enrolled_key : details->asked_key;
        answer answer = {};
        const question question = {action.c_str(), host.c_str(), request->pem};
        const bool reached = ask_command(command.data(), &question, &answer) == 0;
        const std::string body(reinterpret_cast<const char *>(answer.body.data), answer.body.len);
        buffer_wipe(&answer.body);
        if (!reached) {
            std::cout << "error: " << host << " cannot be reached" << std::endl;
            throw end{later};
        }
        if (answer.http_status != 200)
            refused(answer.http_status, body, "pvk1_" + host + "_" + key + "…");
        auto accepted = identity_->accept(body, now_ms()).value();
        if (accepted.clock_behind_ms > 0)
            notice("The clock is behind by at least " +
                   std::to_string(accepted.clock_behind_ms / 1000) + " s");
        save();
    }

    [[noreturn]] void refused(int http_status, const std::string &body, const std::string &key) const {
        std::cout << "error: Login request failed - http status(" << http_status << ") key(" << key
                  << ") fingerprint(" << (fingerprint_ ? fingerprint_->to_string() : "none") << ")\n";
        // Only an error code is printed: the body may come from an attacker.
        const auto len = body.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_");
        if (len > 0 && len <= 64)
            notice("The reason is " + body.substr(0, len));
        throw end{http_status == 429 || http_status >= 500 ? later : failed};
    }

    void report(const provkey::identity_details &details) const {
        char day[sizeof "2026-01-31"];
        const auto end = std::time_t(details->not_after_ms / 1000);
        std::tm parts;
        std::strftime(day, sizeof day, "%Y-%m-%d", gmtime_r(&end, &parts));
        notice(std::string("Enrolled as connector(") + details->connector + ") until(" + day + ")");
        const std::string_view chain = details->chain_pem;
        if (!chain_path.empty() && file_write(chain_path.c_str(), chain.data(), chain.size()) != 0)
            fail_file(chain_path);
    }

    std::optional<contents> material_;
    std::optional<provkey::fingerprint> fingerprint_;
    std::optional<provkey::identity> identity_;
};

bool read_options(connector &connector, int count, char **arguments) {
    int option;
    while ((option = getopt(count, arguments, "d:k:m:a:o:t:")) != -1) {
        switch (option) {
        case 'd': connector.folder = optarg; break;
        case 'k': connector.key_path = optarg; break;
        case 'm': connector.material_path = optarg; break;
        case 'a': connector.ahead_ms = std::stoull(optarg) * 1000; break;
        case 'o': connector.chain_path = optarg; break;
        case 't': connector.command = optarg; break;
        default: return false;
        }
    }
    return !connector.folder.empty() && !connector.command.empty();
}

} // namespace

int main(int count, char **arguments) try {
    connector connector;
    if (!read_options(connector, count, arguments)) {
        std::cerr << "usage: connector -d FOLDER -k KEY_FILE -t COMMAND [-m FILE] [-a SECONDS] "
                     "[-o FILE]\n";
        return 2;
    }
    std::signal(SIGPIPE, SIG_IGN);
    notice("Checking enrollment");
    connector.run();
    return done;
} catch (const end &end) {
    return end.why;
} catch (const provkey::error &thrown) {
    return connector::explain(thrown.why());
}
