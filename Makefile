# Everything is set up inside this folder: .venv (Python), node_modules (chains, compiler, OpenZeppelin),
# .solcx (the compiler where py-solc-x looks for it) and .home (Brownie's home, so that ~/.brownie stays as it is).
# A step runs again only when the files that it depends on have other contents than last time.

SHELL := /bin/sh
.DEFAULT_GOAL := help
.PHONY: help setup setup-python setup-node setup-compiler setup-brownie setup-lint \
        day compile test test-fast bench gas fuzz properties coverage slither lint fmt clean distclean

ROOT := $(CURDIR)
PYTHON := .venv/bin/python
SOLC_VERSION := 0.8.30
WORKERS ?= 2
# Handed to the command that a target runs, as in: make day ARGS="--seed 7 --engine anvil"
ARGS ?=

SYSTEM_PATH := $(PATH)
export PATH := $(ROOT)/.venv/bin:$(ROOT)/node_modules/.bin:$(SYSTEM_PATH)
export SOLCX_BINARY_PATH := $(ROOT)/.solcx

# $(call digest,FILES): contents of the files, and this folder's path, because environments break when moved.
digest = $$( (cat $(1); echo "$(ROOT)") | cksum | tr ' ' '-')

help: ## Show the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

# --- set-up --------------------------------------------------------------------------------------------------

setup: setup-python setup-node setup-compiler setup-brownie ## Install what is missing, inside this folder

setup-python:
	@want="$(call digest,requirements.txt)"; \
	if [ "$$(cat .venv/.requirements 2>/dev/null)" != "$$want" ]; then \
	  found=; \
	  for candidate in python3.11 python3.12 python3 python python3.13 python3.14; do \
	    if PATH="$(SYSTEM_PATH)" "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1; then \
	      found=$$candidate; break; \
	    fi; \
	  done; \
	  if [ -z "$$found" ]; then \
	    echo "Voltberg needs Python 3.11 or newer on PATH (3.11 or 3.12 for the in-process engine); found:" \
	      "$$(PATH="$(SYSTEM_PATH)" python3 --version 2>&1)" >&2; exit 1; \
	  fi; \
	  echo "==> Python: packages of requirements.txt into .venv, with $$(PATH="$(SYSTEM_PATH)" $$found --version)"; \
	  rm -f .venv/.requirements .venv/.package; \
	  case "$$(.venv/bin/python -c 'import sys; print(sys.prefix)' 2>/dev/null)" in \
	    "$(ROOT)/.venv") ;; \
	    *) PATH="$(SYSTEM_PATH)" $$found -m venv --clear .venv || { \
	         echo "$$found -m venv failed: on Debian and Ubuntu install python3-venv" >&2; rm -rf .venv; exit 1; };; \
	  esac; \
	  $(PYTHON) -m pip install --disable-pip-version-check -r requirements.txt && echo "$$want" > .venv/.requirements; \
	fi
	@want="$(call digest,pyproject.toml)"; \
	if [ "$$(cat .venv/.package 2>/dev/null)" != "$$want" ]; then \
	  echo "==> Python: the voltberg command"; \
	  $(PYTHON) -m pip install --disable-pip-version-check --quiet --no-deps --editable . && \
	  echo "$$want" > .venv/.package; \
	fi

setup-node:
	@want="$(call digest,package.json package-lock.json)"; \
	if [ "$$(cat node_modules/.voltberg 2>/dev/null)" != "$$want" ]; then \
	  node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' 2>/dev/null || { \
	    echo "Voltberg needs Node 20 or newer on PATH; found: $$(node --version 2>&1)" >&2; exit 1; }; \
	  echo "==> Node: Ganache, Anvil, solc and OpenZeppelin into node_modules, with Node $$(node --version)"; \
	  npm ci --no-audit --no-fund && \
	  for tool in anvil forge; do \
	    native=$$(ls node_modules/@foundry-rs/$$tool-*/bin/$$tool | head -n 1) && chmod +x "$$native" && \
	    ln -sf "../../$$native" node_modules/.bin/$$tool || exit 1; \
	  done && \
	  echo "$$want" > node_modules/.voltberg; \
	fi

# npm may not run post-install scripts, so node_modules/.bin/anvil above is the native program itself; and the
# compiler is npm's build of solc behind the native command line, since native builds are on no registry.
setup-compiler: setup-node
	@if [ ! -x .solcx/solc-v$(SOLC_VERSION) ]; then \
	  echo "==> Compiler: solc $(SOLC_VERSION) into .solcx"; \
	  mkdir -p .solcx && ln -sf ../voltberg/chain/solc_node.js .solcx/solc-v$(SOLC_VERSION); \
	fi

define BROWNIE_WRAPPER
#!/bin/sh
# Brownie with this project's compiler, nodes, home folder and pytest settings. Written by make setup.
root=$$(CDPATH= cd -- "$$(dirname -- "$$0")/../.." && pwd) || exit 1
export HOME="$$root/.home" SOLCX_BINARY_PATH="$$root/.solcx"
export PATH="$$root/.venv/bin:$$root/node_modules/.bin:$$PATH"
export PYTEST_ADDOPTS="-c '$$root/tests/brownie/pytest.ini' --rootdir='$$root' --confcutdir='$$root' $${PYTEST_ADDOPTS-}"
exec "$$root/.venv/bin/python" -c 'import sys; sys.argv[0] = "brownie"; from brownie._cli.__main__ import main; sys.exit(main())' "$$@"
endef
export BROWNIE_WRAPPER

# Ganache with a gas price of 0 hangs on shanghai (brownie-config.yaml sets one); Anvil must be the bare name.
setup-brownie: setup-python setup-node
	@if [ "$$(cat .venv/bin/brownie 2>/dev/null)" != "$$BROWNIE_WRAPPER" ]; then \
	  printf '%s\n' "$$BROWNIE_WRAPPER" > .venv/bin/.brownie && chmod +x .venv/bin/.brownie && \
	  mv .venv/bin/.brownie .venv/bin/brownie; \
	fi
	@mkdir -p .home; \
	networks=.home/.brownie/network-config.yaml; \
	if ! grep -q 'id: ganache$$' $$networks 2>/dev/null; then \
	  echo "==> Brownie: network ganache"; \
	  .venv/bin/brownie networks add development ganache cmd=ganache host=http://127.0.0.1 port=8545 accounts=10 \
	    gas_limit=30000000 evm_version=shanghai mnemonic=brownie >/dev/null; \
	fi; \
	if ! grep -q 'id: anvil1337$$' $$networks 2>/dev/null; then \
	  echo "==> Brownie: network anvil1337"; \
	  .venv/bin/brownie networks add development anvil1337 cmd=anvil chain_id=1337 host=http://127.0.0.1 port=8546 accounts=10 \
	    gas_limit=30000000 evm_version=shanghai >/dev/null; \
	fi; \
	grep -q 'id: ganache$$' $$networks && grep -q 'id: anvil1337$$' $$networks || { \
	  echo "Brownie did not take the networks: see .home/.brownie/network-config.yaml" >&2; exit 1; }

setup-lint: setup
	@want="$(call digest,requirements.txt requirements-dev.txt)"; \
	if [ "$$(cat .venv/.requirements-dev 2>/dev/null)" != "$$want" ]; then \
	  echo "==> Python: linters of requirements-dev.txt into .venv"; \
	  $(PYTHON) -m pip install --disable-pip-version-check -r requirements.txt -r requirements-dev.txt && \
	  echo "$$want" > .venv/.requirements-dev; \
	fi

# --- use -----------------------------------------------------------------------------------------------------

day: setup ## Replay one day of 100 households on Ganache and write the report
	voltberg replay $(ARGS)

bench: setup ## Transactions per second of a replay against each engine's own limit
	voltberg bench $(ARGS)

gas: setup ## Gas of every operation beside limits and peers; ARGS=--write commits what changed
	voltberg gas $(ARGS)

# --- proof ---------------------------------------------------------------------------------------------------

# Brownie follows changes by contract name and misses those in files with types, constants or interfaces only.
compile: setup ## Compile every contract afresh
	rm -rf build/contracts build/interfaces build/voltberg
	brownie compile --all
	voltberg abi --out build/abi.json

test: compile ## Compile afresh and run all tests
	@for network in ganache anvil1337; do \
	  echo "==> brownie test tests/brownie --network $$network"; \
	  brownie test tests/brownie --network $$network || exit 1; \
	done
	$(PYTHON) -m pytest -n $(WORKERS) $(ARGS)

test-fast: setup ## Run the plain tests on what is compiled already
	$(PYTHON) -m pytest -n $(WORKERS) $(ARGS)

fuzz: setup ## Send a million random transactions to contracts and twin and compare all that can be seen
	voltberg fuzz $(ARGS)

properties: setup ## Property tests with many more examples than in make test, new ones each time
	$(PYTHON) -m pytest -n $(WORKERS) --hypothesis-profile=long -m hypothesis $(ARGS)

# Left out: what sends tens of thousands of alike transactions, holds gas to a figure, or runs out of gas without an optimizer.
UNTRACED := 65535 or gas or dearer or factor_stays or costs_stay or settles_at_the_mean or approaches_the_rating
COVERED = $(filter-out %/chain %/deploy %/__pycache__,$(patsubst %/,%,$(wildcard tests/unit/*/)))
coverage: setup ## Trace the contracts' tests on Anvil and report statements and branches reached
	rm -f build/coverage/traces-*.json
	nice -n 5 $(PYTHON) -m pytest -n $(WORKERS) -p tests.coverage_plugin $(COVERED) -k "not ($(UNTRACED))"
	voltberg coverage build/coverage/traces-*.json --out build/coverage/coverage.json --missed --at-least 98 $(ARGS)

# Slither's packages and Brownie's pins exclude each other: it has an environment of its own.
slither: setup ## Analyse the contracts statically; docs/security.md answers each finding
	@want="$(call digest,requirements-slither.txt)"; \
	if [ "$$(cat .venv-slither/.requirements 2>/dev/null)" != "$$want" ]; then \
	  echo "==> Python: Slither into .venv-slither"; \
	  $(PYTHON) -m venv --clear .venv-slither && \
	  .venv-slither/bin/python -m pip install --disable-pip-version-check -r requirements-slither.txt && \
	  echo "$$want" > .venv-slither/.requirements; \
	fi
	PATH="$(ROOT)/.venv-slither/bin:$$PATH" FOUNDRY_OPTIMIZER=false slither . --fail-none --filter-paths "node_modules|mocks" $(ARGS)

lint: setup-lint ## Check style, types, docstrings, import directions, spelling and Solidity
	ruff check .
	ruff format --check .
	mypy
	flake8 voltberg
	lint-imports --no-logo
	codespell
	solhint --noPoster --max-warnings 0 'contracts/**/*.sol' 'interfaces/**/*.sol'
	forge fmt --check contracts interfaces

fmt: setup-lint ## Format Python and Solidity
	ruff check --fix-only --quiet .
	ruff format .
	forge fmt contracts interfaces

clean: ## Remove builds and caches
	rm -rf build .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	find voltberg tests scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true

distclean: clean ## Remove the environments too
	rm -rf .venv node_modules .solcx .home *.egg-info
