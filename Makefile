# The commands of this repository. `make` alone lists them.

# python3 when it is 3.11 to 3.14, else the newest of those that runs. Override: make setup PYTHON=...
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 14))' 2>/dev/null \
	&& { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.stamp
# Nothing of the caller's pip or Python configuration may steer where packages go.
PIP := PIP_USER=0 PIP_NO_INPUT=1 PIP_DISABLE_PIP_VERSION_CHECK=1 $(BIN)/python -I -m pip
PACKAGES := payments payments_tools streams scheduler tests
PYTEST_ARGS ?= -n 4 --dist loadgroup
UP_ARGS ?=
BROWSER_ARGS ?= -n 2

unexport PYTHONPATH
unexport PYTHONHOME

.DEFAULT_GOAL := help
.PHONY: help setup run test check fmt lint types imports bench lock clean dist test-browser pictures test-clients try-servers

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | awk -F'\t' '{printf "  make %-12s %s\n", $$1, $$2}'

setup: $(STAMP) ## make .venv with everything pinned in requirements.lock

$(STAMP): requirements.lock
	@test -n "$(PYTHON)" || { echo "Python 3.11 to 3.14 is needed; none was found. Name one: make setup PYTHON=/path/to/python3"; exit 1; }
	@echo "Setting up $(VENV) with $$($(PYTHON) --version) (once, about a minute)"
	@$(BIN)/python -c '' 2>/dev/null || $(PYTHON) -m venv --clear $(VENV) || { echo "$(PYTHON) cannot make virtual environments (on Debian: apt-get install python3-venv)"; exit 1; }
	@$(PIP) install --quiet --require-hashes --only-binary :all: -r requirements.lock
	@$(PIP) install --quiet --no-deps --no-build-isolation -e .
	@$(BIN)/python payments/embedded/fetch_redis.py requirements.lock
	@touch $@

run: setup ## set up, then start everything (payments up); UP_ARGS="--port 9000" is passed on
	@exec $(BIN)/payments up $(UP_ARGS)

test: setup ## set up, then run the tests; PYTEST_ARGS="-x -k wallet" replaces -n 4
	$(BIN)/python -m pytest $(PYTEST_ARGS)

test-browser: setup ## tasks of operators in a real Chromium, installed by apt where that may be done
	@$(BIN)/python -m tests.browser.chromium
	$(BIN)/python -m pytest -m browser $(BROWSER_ARGS) tests/browser

pictures: setup ## pictures for docs/console.md, made by the browser tests
	@$(BIN)/python -m tests.browser.chromium
	mkdir -p docs/pictures
	PAYMENTS_TEST_SCREENSHOTS=docs/pictures $(BIN)/python -m pytest -m browser $(BROWSER_ARGS) tests/browser

test-clients: setup ## clients generated from the OpenAPI document make a transfer (needs npm, go, mvn, their registries)
	$(BIN)/python -m tests.clients.build $(CLIENTS)

SPEAKS_TO_REDIS = $(addprefix tests/integration/test_,redis_user.py stream_entries.py streams_leave_nothing.py \
	trimming.py rolled_back.py) $(addprefix tests/faults/test_,sentinel.py cluster.py consumer_killed.py servers_killed.py \
	several_consumers.py) tests/unit/test_redis_versions.py tests/flows/test_native_transfers.py
SERVERS ?= $(error say SERVERS=/folder/with/redis-server)

try-servers: setup ## tests of what speaks to Redis, with the redis-server or valkey-server in SERVERS=/folder
	PATH="$(SERVERS):$$PATH" $(BIN)/python -m pytest -q -n 0 $(SPEAKS_TO_REDIS)

check: setup ## everything that reads the code: ruff, mypy, import-linter
	@$(MAKE) --no-print-directory lint types imports

lint: setup ## ruff, rules and format
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: setup ## mypy, strict
	$(BIN)/mypy

imports: setup ## the layers (import-linter)
	$(BIN)/lint-imports

fmt: setup ## format, and repair what ruff can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

dist: setup ## wheels and sdists of the product and of the Python client, in dist/
	rm -rf dist
	$(BIN)/hatchling build -d dist
	cd clients/python && ../../$(BIN)/hatchling build -d ../../dist

bench: setup ## the benchmarks (payments bench; BENCH_ARGS chooses)
	$(BIN)/payments bench $(BENCH_ARGS)

lock: ## renew both lock files (needs uv on PATH)
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --extra embedded --extra otel --group dev pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
		--no-header --no-annotate --extra otel -c requirements.lock pyproject.toml -o requirements.runtime.lock

clean: ## remove .venv and caches (the data in .payments stays)
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
