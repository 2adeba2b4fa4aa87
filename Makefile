.PHONY: help attack console test python test-deep lint advisories fmt bench demo fuzz foreign header library install uninstall abi public-api size simulate
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: ## install what the tests need, then run all of them
	scripts/test.sh

python: ## build the Python wheel, install it in an empty environment, check and test it
	scripts/python.sh

test-deep: ## the long checks: larger races, AddressSanitizer, fuzzing, foreign targets
	scripts/test-deep.sh

lint: ## formatting, clippy, documentation, imports, public API, shell scripts, licences, yanked crates
	scripts/lint.sh

advisories: ## known faults of the dependencies, in RustSec's database; OFFLINE=1: as fetched before
	scripts/advisories.sh

fmt: ## format the Rust and the Python code
	scripts/fmt.sh

attack: ## attack a server, and measure its memory and how long honest clients wait; DEEP=1
	scripts/attack.sh $(if $(DEEP),--release --deep)

bench: ## the benchmarks
	scripts/bench.sh
	scripts/bench-python.sh

demo: ## the whole story, told by the command itself; KEEP=1: its server stays
	cargo run --locked -p provkey-cli -- demo $(if $(KEEP),--keep)

console: ## the web console, from the sources in server/console
	scripts/console.sh

header: ## include/provkey.h, from the sources in ffi/
	scripts/header.sh

library: ## libprovkey as it is installed, in target/libprovkey; CONNECTOR_ONLY=1, BUILD_STD=1
	scripts/build-library.sh $(if $(CONNECTOR_ONLY),connector,full)

install: ## libprovkey for C and C++, below PREFIX (/usr/local); DESTDIR, LIBDIR, CONNECTOR_ONLY=1
	scripts/install.sh

uninstall: ## remove what make install installed
	scripts/install.sh --uninstall

abi: ## record the ABI of libprovkey in ffi/abi, after a change that is meant
	scripts/abi.sh

public-api: ## record the public API of the Rust libraries, after a change that is meant
	scripts/public-api.sh --record

size: ## how large libprovkey is for a connector; BUILD_STD=1
	scripts/library-size.sh

simulate: ## SEEDS runs of the simulation (default 100000), from seed FIRST on (default 0)
	cargo run --locked --release -p provkey-tests --bin provkey-simulate -- \
	    --first $(or $(FIRST),0) --seeds $(or $(SEEDS),100000)

fuzz: ## every fuzz target for FUZZ_SECONDS each (default 60)
	scripts/fuzz.sh $(or $(FUZZ_SECONDS),60)

foreign: ## for other machines: core on bare-metal ARM, libprovkey on armv7 and aarch64 Linux
	scripts/foreign-targets.sh
