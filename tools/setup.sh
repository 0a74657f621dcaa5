#!/usr/bin/env bash
# Makes a virtual environment with the pinned requirements and this checkout in it: tools/setup.sh [DIR]
# Uses the first Python >= 3.11 it finds ($PYTHON before all). Never touches the system's own packages, except that
# as root it installs Debian's python3-venv where `python3 -m venv` does not work.
set -euo pipefail
cd "$(dirname "$0")/.."
venv=${1:-.venv}

fail() { printf 'setup: %s\n' "$@" >&2; exit 1; }

new_enough() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }

find_python() {
    for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 /usr/bin/python3; do
        if [ -n "$candidate" ] && command -v "$candidate" >/dev/null && new_enough "$candidate"; then
            command -v "$candidate"
            return
        fi
    done
    return 1
}

python=$(find_python) || fail "no Python 3.11 or newer found" "on Debian: apt-get install python3 python3-venv"

# venv is importable on Debian without python3-venv; ensurepip is what lacks.
if ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
        echo "setup: installing python3-venv"
        # tools/real_parts.sh may run beside this, and there is one apt-get at a time.
        exec 9<tools/parts.txt
        flock 9
        apt-get update -qq >&2
        DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends python3-venv >/dev/null
        exec 9<&-
    fi
    "$python" -c 'import ensurepip, venv' 2>/dev/null \
        || fail "$python cannot make virtual environments" "on Debian: apt-get install python3-venv"
fi

# An environment whose Python is gone or too old is made anew.
if ! { [ -x "$venv/bin/python" ] && new_enough "$venv/bin/python"; }; then
    "$python" -m venv --clear "$venv"
fi
echo "setup: $venv with $("$venv/bin/python" --version)"
export PIP_DISABLE_PIP_VERSION_CHECK=1
"$venv/bin/python" -m pip install -qq --require-hashes -r requirements/dev.txt -r requirements/docs.txt
# The build backend is among the pinned requirements: nothing is fetched here.
"$venv/bin/python" -m pip install -qq --no-deps --no-build-isolation --editable .
