#!/usr/bin/env bash
# Installs the missing ones of tools/parts.txt: as root by apt-get, otherwise tells the command.
# MUSTER_SKIP_PARTS=1 skips aloud; the tests that need a part then skip too.
# No installed server is started: the tests start their own, on loopback, and stop it.
set -euo pipefail
list="$(dirname "$0")/parts.txt"
PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin"

missing=()
while read -r package program _; do
    case $package in '' | '#'*) continue ;; esac
    command -v "$program" >/dev/null || missing+=("$package")
done <"$list"
[ ${#missing[@]} -gt 0 ] || exit 0

if [ "${MUSTER_SKIP_PARTS:-}" = 1 ]; then
    echo "parts: SKIPPED because of MUSTER_SKIP_PARTS=1, not tested against: ${missing[*]}"
    exit 0
fi
install="apt-get install -y --no-install-recommends ${missing[*]}"
if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "parts: the tests need real servers that are missing here; as root:" >&2
    echo "    $install" >&2
    echo "parts: or leave those tests out aloud: MUSTER_SKIP_PARTS=1 make test" >&2
    exit 1
fi

# Debian starts a daemon when its package is installed, unless this file says no.
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
fi
echo "parts: installing ${missing[*]}"
log=$(mktemp)
if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "parts: apt-get failed, see above" >&2
    exit 1
fi
rm -f "$log"
