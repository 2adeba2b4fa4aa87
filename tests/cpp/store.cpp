// A store in C++ passes the conformance checks, also when it throws.
#include "check.hpp"
#include "map_store.hpp"

#include <string>

namespace {

provkey::store make_store(map_store::control &control) {
    return provkey::store::make(std::make_unique<map_store>(control)).value();
}

void queries() {
    auto path = std::string(std::getenv("PROVKEY_TEST_FOLDER")) + "/queries.db";
    std::remove(path.c_str());
    auto store = provkey::store::sqlite_create(path).value();
    auto found = store.query("SELECT count(*) AS groups FROM connector_groups").value();
    CHECK(found->rows_len == 1 && found->values[0].integer == 0);
    CHECK(std::string(found->columns[0]) == "groups");
    CHECK(store.query("SELECT * FROM records").error().code() == std::string("query_refused"));
}

void conforms() {
    map_store::control control;
    auto store = make_store(control);
    std::size_t checks = 0;
    auto failed = store.check("test", [&](const char *check, const char *seen) {
        checks++;
        if (seen != nullptr)
            std::fprintf(stderr, "%s: %s\n", check, seen);
    });
    CHECK(failed.value() == 0 && checks > 30);
    control.calls_left = 5;
    CHECK(store.check("again", [](const char *, const char *) {}).value() > 30);
}

/// A store throws at each call in turn: the authority returns an error, and works afterwards.
void throws_anywhere() {
    int calls = 0;
    for (bool done = false; !done; calls++) {
        map_store::control control;
        {
            auto store = make_store(control);
            world world = make_world(provkey::environment(store));
            auto identity = provkey::identity::generate().value();
            auto key = provkey::provisioning_key::read(world.text).value();
            auto request = identity.request(key).value();
            provkey::enroll_request asks(request->der);

            control.calls_left = calls;
            auto enrolled = world.authority.enroll(asks);
            auto listed = world.authority.list_keys();
            done = enrolled && listed;
            for (const provkey::failure *why :
                 {enrolled ? nullptr : &enrolled.error(), listed ? nullptr : &listed.error()})
                CHECK(why == nullptr || (why->status() == PROVKEY_STATUS_STORE_UNAVAILABLE &&
                                         why->retryable()));
            control.calls_left = -1;
            CHECK(world.authority.enroll(asks));
            CHECK(world.authority.key(world.key->id).value()->used == 1);
        }
        CHECK(control.destroyed == 1);
    }
    CHECK(calls > 4);
}

void files() {
    const char *path = std::getenv("PROVKEY_TEST_FOLDER");
    const std::string file = std::string(path == nullptr ? "." : path) + "/cpp.db";
    std::remove(file.c_str());
    FAILS(STORE_MISSING, provkey::store::sqlite_open(file));
    CHECK(provkey::store::sqlite_create(file));
    FAILS(STORE_EXISTS, provkey::store::sqlite_create(file));
    auto store = provkey::store::sqlite_open(file).value();

    // An authority is copied into it and backed up.
    auto memory = provkey::store::memory().value();
    FAILS(AUTHORITY_MISSING, memory.copy_to(store));
    world world = make_world(provkey::environment(memory));
    CHECK(memory.copy_to(store).value() > 5);
    FAILS(STORE_EXISTS, memory.copy_to(store));
    FAILS(STORE_EXISTS, memory.move_to(store));
    CHECK(provkey::authority::open(provkey::environment(store), world.keyring)
              .value()
              .key(world.key->id));
    const std::string copy = file + ".copy";
    std::remove(copy.c_str());
    provkey::store::sqlite_backup(file, copy).value();
    FAILS(STORE_EXISTS, provkey::store::sqlite_backup(file, copy));
    FAILS(STORE_NOT_RECOGNIZED, provkey::store::postgres_create("no URL"));
    FAILS(STORE_NOT_RECOGNIZED, provkey::store::postgres_open("no URL"));
    std::remove(file.c_str());
    std::remove(copy.c_str());
}

} // namespace

void test_store() {
    queries();
    conforms();
    throws_anywhere();
    files();
    FAILS(CALLBACK_MISSING, provkey::store::make(nullptr));
    FAILS(NULL_ARGUMENT, gone(provkey::store::memory().value()).check("x", [](auto, auto) {}));
}
