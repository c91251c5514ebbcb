#!/bin/sh
# Prints the path of a Chromium for the browser tests, installing it where that is possible.
# Without one it says why on standard error: the tests are then reported as skipped, except with
# CI=true, where that is an error.

find_browser() {
    for name in chromium chromium-browser google-chrome google-chrome-stable; do
        command -v "$name" && return 0
    done
    mac="/Applications/Google Chrome.app/Contents/MacOS/Google Chrome"
    if [ -x "$mac" ]; then
        echo "$mac"
        return 0
    fi
    return 1
}

find_browser && exit 0

if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    echo "installing Chromium for the browser tests ..." >&2
    export DEBIAN_FRONTEND=noninteractive
    log=$(mktemp)
    if apt-get -q update >"$log" 2>&1 &&
        apt-get -q install -y chromium fonts-liberation >>"$log" 2>&1; then
        rm -f "$log"
        find_browser && exit 0
    fi
    reason="apt-get could not install it: $(tail -n 1 "$log" 2>/dev/null)"
    rm -f "$log"
else
    reason="none is installed, and only root with apt-get can install it here"
fi

if [ "${CI:-}" = true ]; then
    echo "error: the browser tests need Chromium; $reason" >&2
    exit 1
fi
echo "no Chromium ($reason): the browser tests will be reported as skipped" >&2
