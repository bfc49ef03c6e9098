# The commands of the house. Each makes the virtual environment it needs, from the locks and nothing else.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STACK := .motcua
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
SOURCES := pyproject.toml

.DEFAULT_GOAL := help
.PHONY: help demo up test check lint format bench soak lock clean

help: ## say what there is
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

demo: $(VENV)/.run ## start everything, take real dossiers from submission to result, and stop
	@$(BIN)/motcua demo

up: $(VENV)/.run ## start everything and keep it running; Ctrl-C stops it
	@$(BIN)/motcua up

test: $(VENV)/.dev ## all tests that need nothing but Python wheels (some: TESTS=tests/domain), two files at a time
	@$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder $(TESTS)

check: ## format, lint, types, import rules, tests: all that must be green
	@$(MAKE) --no-print-directory lint
	@$(MAKE) --no-print-directory test

lint: $(VENV)/.dev ## format, lint, types and import rules without the tests
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(VENV)/.dev ## put the source in order
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

bench: $(VENV)/.bench ## measure the calculator beside pandas, the engine beside a bare workflow (options: ARGS="…")
	@$(BIN)/python -m bench.calculator
	@$(BIN)/python -m bench $(ARGS)

soak: $(VENV)/.dev ## the long runs at full size, which `make test` takes in small or leaves out
	MOTCUA_TEST_SCALE=full $(BIN)/python -m pytest -m soak -rP $(TESTS)

lock: $(VENV)/.lock ## choose versions anew within the bounds of the .in files, with the hashes of every platform
	$(VENV)/lock/bin/pip-compile $(LOCK_OPTIONS) --output-file requirements.lock requirements.in
	$(VENV)/lock/bin/pip-compile $(LOCK_OPTIONS) --output-file requirements-dev.lock requirements-dev.in
	$(VENV)/lock/bin/pip-compile $(LOCK_OPTIONS) --output-file requirements-bench.lock requirements-bench.in

clean: ## delete the environment, the caches, and the stack with all its data
	@if [ -d $(STACK) ]; then $(BIN)/python -m deploy.embedded --folder $(STACK) --remove; fi
	rm -rf $(VENV) *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# No addresses, no folders: a lock says what, and how to recognise it; whoever installs chooses from where.
LOCK_OPTIONS := --quiet --upgrade --generate-hashes --allow-unsafe --strip-extras --no-header \
	--no-emit-index-url --no-emit-trusted-host --no-emit-find-links --no-emit-options

# The environment is a chain of stamps: python, then what runs, then what checks. A changed lock renews it.
$(VENV)/.python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "motcua needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) --version 2>&1)." \
	       "Name another: make PYTHON=python3.12 …" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' || { \
	  echo "This Python cannot make virtual environments; on Debian: apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.run: $(VENV)/.python requirements.lock $(SOURCES)
	$(PIP) --require-hashes -r requirements.lock
	$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	$(PIP) --require-hashes -r requirements-dev.lock
	@touch $@

$(VENV)/.bench: $(VENV)/.dev requirements-bench.lock
	$(PIP) --require-hashes -r requirements-bench.lock
	@touch $@

$(VENV)/.lock: $(VENV)/.python
	$(PYTHON) -m venv $(VENV)/lock
	$(VENV)/lock/bin/python -m pip install --quiet --disable-pip-version-check pip-tools
	@touch $@
