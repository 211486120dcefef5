.DEFAULT_GOAL := help
.PHONY: help setup debian-packages demo test check lint format types imports fmt bench pins clean

BIN := .venv/bin
JOBS ?= 2
ARGS ?=
# bench and tests are optional, so that a source archive without them still checks.
PYTHON_DIRS := $(wildcard src tests bench)
PINS := pyproject.toml constraints.txt scripts/setup.sh

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.venv/.runtime.stamp: $(PINS)
	@scripts/setup.sh runtime

.venv/.dev.stamp: $(PINS)
	@scripts/setup.sh dev

setup: .venv/.dev.stamp ## make .venv with everything for development

debian-packages: ## install the Debian packages the tests need
	@scripts/debian.sh

demo: .venv/.runtime.stamp ## run the demo; ARGS='...' is passed on
	@$(BIN)/mitmeter demo $(ARGS)

test: setup debian-packages check ## everything: checks, then all tests; ARGS='-k name'
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadgroup $(ARGS)
	@$(BIN)/python -m pytest tests/dashboard_browser $(ARGS) || [ $$? -eq 5 ]

check: lint format types imports ## ruff, formatting, mypy, import contracts

lint: setup
	@$(BIN)/ruff check --quiet .

format: setup
	@$(BIN)/ruff format --check --quiet . || { echo "format: run 'make fmt'" >&2; exit 1; }

types: setup
	@$(BIN)/mypy --no-error-summary $(PYTHON_DIRS)

imports: setup
	@$(BIN)/lint-imports --no-logo

fmt: setup ## format the code and fix what can be fixed
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --fix --quiet .
	@$(BIN)/ruff format --quiet .

bench: setup ## measure; ARGS='...' is passed on
	@$(BIN)/python -m bench $(ARGS)

pins: setup ## renew constraints.txt to the newest versions
	@scripts/pins.sh

clean: ## remove .venv, caches and build results
	@rm -rf .venv build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find src tests bench -name __pycache__ -prune -exec rm -rf {} + 2>/dev/null || true
