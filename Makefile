# Run `make` for the list of targets.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
# AAC=0 leaves out PyAV, whose wheel is GPL; every format but aac works without it.
AAC    ?= 1
RUN_LOCK := requirements/run$(if $(filter 0,$(AAC)),-no-aac,).lock

.DEFAULT_GOAL := help
.PHONY: help setup setup-test up test lint format lock bench clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "OratioViva needs Python 3.11 or newer; say which: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.run-aac$(AAC): $(RUN_LOCK) pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --require-hashes -r $(RUN_LOCK)
	$(if $(filter 0,$(AAC)),$(BIN)/python -m pip uninstall -q -y av 2>/dev/null)
	@rm -f $(VENV)/.run-*
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@touch $@

$(VENV)/.test: requirements/dev.lock pyproject.toml | $(BIN)/python
	$(BIN)/python -m pip install -q --require-hashes -r requirements/dev.lock
	$(BIN)/python -m pip install -q --no-deps --no-build-isolation -e .
	@rm -f $(VENV)/.run-* && touch $@ $(VENV)/.run-aac1

setup: $(VENV)/.run-aac$(AAC)  ## Build the environment in .venv

setup-test: $(VENV)/.test  ## The same, with what tests and linters need

up: setup  ## Start everything on this machine and speak on http://127.0.0.1:8000
	@exec $(BIN)/oratio up

test: setup-test  ## Run the tests on real servers, started and ended by them
	$(BIN)/python -m pytest

lint: setup-test  ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-test  ## Lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

UV_COMPILE := $(BIN)/uv pip compile pyproject.toml --quiet --universal --python-version 3.11 --generate-hashes --no-header
lock: setup-test  ## Pin the newest versions that pyproject.toml allows (UPGRADE=--upgrade)
	$(UV_COMPILE) $(UPGRADE) --all-extras -o requirements/dev.lock
	$(UV_COMPILE) -c requirements/dev.lock --extra gateway --extra worker --extra embedded --extra aac -o requirements/run.lock
	$(UV_COMPILE) -c requirements/dev.lock --extra gateway --extra worker --extra embedded -o requirements/run-no-aac.lock
	$(UV_COMPILE) -c requirements/dev.lock --extra gateway -o requirements/gateway.lock
	$(UV_COMPILE) -c requirements/dev.lock --extra worker --extra aac -o requirements/worker.lock

bench: setup-test  ## Measure overhead and submit rate against their references
	$(BIN)/python -m bench

clean:  ## Remove what the targets above built
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .import_linter_cache *.egg-info
