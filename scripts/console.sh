#!/usr/bin/env bash
# The web console, from the sources in server/console into server/console/dist, which is committed.
# --check: fails if the committed one differs. --test: drives it in a browser, and asks the API what
# its description allows. --screenshots: takes those of the documents.
source "$(dirname "$0")/common.sh"

need node nodejs npm
need npm npm
console=server/console

console_packages() {
    cmp -s $console/package-lock.json $console/node_modules/installed.json && return
    npm ci --prefix $console --ignore-scripts --no-audit --no-fund --silent
    cp $console/package-lock.json $console/node_modules/installed.json
}

fleet() {
    need chromium chromium
    cargo build --locked --quiet -p provkey-server --example fleet
}

console_packages
case "${1:-}" in
--check)
    npm run --prefix $console --silent check
    made=$(mktemp -d)
    trap 'rm -rf "$made"' EXIT
    (cd $console && node build.mjs "$made")
    diff -r "$made" $console/dist || {
        echo "error: $console/dist is not that of its sources: run make console" >&2
        exit 1
    }
    ;;
--test)
    fleet
    (cd $console && node --test --test-reporter=spec test/console.test.mjs)
    ;;
--screenshots)
    fleet
    need pngquant pngquant
    mkdir -p docs/console
    (cd $console && node screenshots.mjs ../../docs/console)
    pngquant --force --ext .png --speed 1 --quality 80-98 docs/console/*.png
    ;;
*)
    npm run --prefix $console --silent check
    npm run --prefix $console --silent build
    ;;
esac
