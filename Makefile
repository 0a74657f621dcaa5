# One entry for people and for CI. `make help` lists the targets.

# PYTHON in the environment is for tools/setup.sh alone: it chooses the Python that .venv is made with.
VENV    := .venv
BIN     := $(VENV)/bin
PY      := $(BIN)/python
STAMP   := $(VENV)/.installed
WORKERS ?= 2
# Neighbours share worlds that are dear, so each worker begins with a half of its own, and who has done takes from the other.
TESTS   := $(PY) -m pytest -n $(WORKERS) --dist worksteal
CHECKED := src tests tools examples bench reliability

.DEFAULT_GOAL := help
.PHONY: help setup servers parts demo test check fix lint docs bench reliability fuzzer dist deb packages bundle
# Python's packages and Debian's come at the same time.
MAKEFLAGS += --no-print-directory $(if $(MAKELEVEL:0=),,-j2)

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(STAMP) ## make .venv with the `muster` command and everything that tests and checks need

$(STAMP): tools/setup.sh pyproject.toml requirements/dev.txt requirements/docs.txt
	@tools/setup.sh $(VENV)
	@touch $@

demo: setup ## a vendor, a name server, a host, 31 machines and a console on loopback, within a minute; pages to open
	@$(BIN)/muster demo

servers:
	@tools/real_parts.sh

parts: setup servers ## install the real servers that the tests talk to
	@tools/real_parts.sh $(VENV)

test: parts ## all tests
	@$(TESTS)

check: parts lint ## format, lint, types, layers, sizes, generated files, all tests
	@$(TESTS)

lint: setup ## what `check` does before the tests
	@$(BIN)/ruff format --check --quiet $(CHECKED)
	@$(BIN)/ruff check --quiet $(CHECKED)
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo
	@$(PY) tools/size_check.py
	@if [ -e tools/regenerate.py ]; then $(PY) tools/regenerate.py --check; fi

fix: setup ## format, mend what ruff can mend, regenerate
	@$(BIN)/ruff check --quiet --fix $(CHECKED) || true
	@$(BIN)/ruff format --quiet $(CHECKED)
	@if [ -e tools/regenerate.py ]; then $(PY) tools/regenerate.py; fi

docs: setup ## the documentation as a site in site/, without any request to the Internet
	@$(PY) -m tools.site

fuzzer: setup ## what fuzzes decoders; 35 megabytes that nothing else needs
	@$(PY) -c 'import atheris' 2>/dev/null || $(BIN)/pip install --quiet --require-hashes -r requirements/fuzz.txt

bench: setup ## measure, as ratios against limits of the same run (PARTS="host vendor"); writes docs/develop/bench.md
	@$(PY) bench/run.py $(PARTS) --known 1000000 --many-keys 10000000 --many-machines --out docs/develop/bench.md

reliability: parts fuzzer ## kill, crowd, starve and stop hosts (ROWS="R1 R7", SIZE=--long); writes docs/develop/reliability.md
	@$(PY) reliability/run.py $(ROWS) $(SIZE) --out docs/develop/reliability.md

# The same tree gives the same files: their time is that of the last commit.
EPOCH = SOURCE_DATE_EPOCH=$${SOURCE_DATE_EPOCH:-$$(git log -1 --format=%ct 2>/dev/null || echo 1577836800)}
WHEEL = $$($(BIN)/hatchling version)

dist: setup ## dist/: wheel and source archive, the same when built twice
	@$(EPOCH) $(BIN)/hatchling build -d dist

# Debian's own Python makes them: that of .venv, or, where that is another one, that of an environment beside it.
DEBIAN = $$($(PY) -c 'import sys; print("$(VENV)" if sys.base_prefix == "/usr" else "$(VENV)-debian")')

deb: dist ## dist/: the Debian packages muster-client and muster, made with Debian's Python
	@PYTHON=/usr/bin/python3 $(MAKE) VENV=$(DEBIAN) packages

packages: parts
	@$(EPOCH) $(PY) tools/debian.py dist/muster_activation-$(WHEEL)-py3-none-any.whl

bundle: dist ## dist/: all wheels with hashes, SBOM and signature (KEY=ssh-key), for networks without the Internet
	@$(EPOCH) $(PY) tools/offline_bundle.py dist/muster_activation-$(WHEEL)-py3-none-any.whl $(if $(KEY),--key $(KEY))
