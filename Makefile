.PHONY: help test test-deep lint fmt bench demo fuzz foreign header
.DEFAULT_GOAL := help

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

test: ## install what the tests need, then run all of them
	scripts/test.sh

test-deep: ## the long checks: larger races, AddressSanitizer, fuzzing, foreign targets
	scripts/test-deep.sh

lint: ## formatting, clippy, documentation, shell scripts, licences, bans, sources
	scripts/lint.sh

fmt: ## format the Rust code
	cargo fmt --all
	cargo fmt --manifest-path fuzz/Cargo.toml

bench: ## the benchmarks
	scripts/bench.sh

demo: ## the whole story, told by the command itself
	cargo run --locked --release -p provkey-cli -- demo

header: ## include/provkey.h, from the sources in ffi/
	scripts/header.sh

fuzz: ## every fuzz target for FUZZ_SECONDS each (default 60)
	scripts/fuzz.sh $(or $(FUZZ_SECONDS),60)

foreign: ## core for bare-metal ARM, without the standard library
	scripts/foreign-targets.sh
