#!/usr/bin/env bash
# Installs the missing ones of tools/parts.txt: as root by apt-get, otherwise tells the command: tools/real_parts.sh [VENV]
# Then builds the extra `directory` into the virtual environment, if one is named, which needs some of them.
# MUSTER_SKIP_PARTS=1 skips aloud; the tests that need a part then skip too.
# No installed server is started: the tests start their own, on loopback, and stop it.
set -euo pipefail
cd "$(dirname "$0")/.."
list=tools/parts.txt
PATH="$PATH:/usr/sbin:/sbin:/usr/local/sbin"

there() {
    case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

build_directory() {
    local python="${1:-}/bin/python"
    [ -n "${1:-}" ] && [ -x "$python" ] && ! "$python" -c 'import bonsai, gssapi' 2>/dev/null || return 0
    echo "parts: building the extra 'directory' (a minute)"
    PIP_DISABLE_PIP_VERSION_CHECK=1 "$python" -m pip install -qq --require-hashes -r requirements/directory.txt
}

missing=()
while read -r package program _; do
    case $package in '' | '#'*) continue ;; esac
    there "$program" || missing+=("$package")
done <"$list"
if [ ${#missing[@]} = 0 ]; then
    build_directory "$@"
    exit
fi

if [ "${MUSTER_SKIP_PARTS:-}" = 1 ]; then
    [ -n "${1:-}" ] || echo "parts: SKIPPED because of MUSTER_SKIP_PARTS=1, not tested against: ${missing[*]}"
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
# tools/setup.sh may run beside this, and there is one apt-get at a time.
exec 9<"$list"
flock 9
if ! { apt-get update -qq && DEBIAN_FRONTEND=noninteractive $install -qq; } >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "parts: apt-get failed, see above" >&2
    exit 1
fi
rm -f "$log"
build_directory "$@"
