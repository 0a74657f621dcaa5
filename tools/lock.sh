#!/usr/bin/env bash
# Pins requirements/*.in into requirements/*.txt, hashes included. Needs uv; `--upgrade` takes newer releases.
set -euo pipefail
cd "$(dirname "$0")/.."
for name in run dev directory fuzz docs bundle; do
    uv pip compile "requirements/$name.in" --output-file "requirements/$name.txt" \
        --universal --python-version 3.11 --generate-hashes --no-header --no-annotate \
        --no-emit-index-url --no-emit-find-links --quiet "$@"
done
