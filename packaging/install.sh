#!/bin/sh
# Installs Muster from this folder alone, without the Internet and without pip: ./install.sh [FOLDER]
# Needs a Python of the release that the wheels are for. Verify the signature of SHA256SUMS first: see packaging/README.md.
set -eu
target=${1:-/opt/muster}
cd "$(dirname "$0")"
sha256sum --check --quiet --strict SHA256SUMS
"${PYTHON:-python3}" -m venv --without-pip "$target"
pip=$(echo wheels/pip-*.whl)
"$target/bin/python" "$pip/pip" install --quiet --disable-pip-version-check --no-cache-dir \
    --no-index --no-deps --find-links wheels --require-hashes -r requirements.txt
"$target/bin/muster" --version
