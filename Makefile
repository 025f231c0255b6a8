# Run `make` for the list of targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# GPL=0 leaves out what is GPL: PyAV's wheel (the format aac) and what spells for Kokoro. Everything else works without.
GPL    ?= 1
GPL_PACKAGES := av kokoro-onnx phonemizer espeakng-loader
# Which build of torch fits is for the machine to say, e.g. TORCH="torch==2.13.0 --index-url …"
TORCH  ?= torch==2.13.0

# uv installs every environment, with the wheels that pip is configured to find.
TOOLS  := .venv-uv
UV     := $(TOOLS)/bin/uv
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_PYTHON_DOWNLOADS := never
# Dozens of processes import the same modules: each is compiled once, whatever the shell says.
unexport PYTHONDONTWRITEBYTECODE
UV_INSTALL = $(UV) pip install -q --python
LOCKED     = --require-hashes -r requirements
OURSELVES := --no-deps --no-build-isolation -e .
WITHOUT_GPL = $(if $(filter 0,$(GPL)),$(UV) pip uninstall -q --python $(1) $(GPL_PACKAGES) 2>/dev/null || true)

.DEFAULT_GOAL := help
.PHONY: help setup setup-torch setup-parler setup-node setup-test setup-test-flavours up studio openapi test test-base test-studio \
  test-studio-quiet test-all-environments test-flavours test-python test-engines check coverage lint format lock bench bench-studio bench-models clean

help:  ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

define check_python
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "OratioViva needs Python 3.11 or newer; say which: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
endef

$(UV): requirements/uv.lock
	$(call check_python)
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/python -m pip install -q $(LOCKED)/uv.lock
	@touch $@

$(BIN)/python: | $(UV)
	$(call check_python)
	$(UV) venv -q --allow-existing --seed --python $(PYTHON) $(VENV)

$(VENV)/.run-gpl$(GPL): requirements/run.lock pyproject.toml | $(BIN)/python
	@echo "Installing the environment $(VENV) …"
	@rm -f $(VENV)/.run-*
	$(UV_INSTALL) $(BIN)/python $(LOCKED)/run.lock
	$(call WITHOUT_GPL,$(BIN)/python)
	$(UV_INSTALL) $(BIN)/python $(OURSELVES)
	@touch $@

$(VENV)/.test: requirements/dev.lock pyproject.toml | $(BIN)/python
	$(UV_INSTALL) $(BIN)/python $(LOCKED)/dev.lock
	$(UV_INSTALL) $(BIN)/python $(OURSELVES)
	@rm -f $(VENV)/.run-* && touch $@ $(VENV)/.run-gpl1

# The other flavours of a worker, each an environment of its own: `oratio up` starts a worker for each that is finished.
.venv-torch/bin/python .venv-parler/bin/python: | $(UV)
	$(call check_python)
	$(UV) venv -q --allow-existing --seed --python $(PYTHON) $(@:/bin/python=)

# The stamp at the end says that one is finished.
.venv-%/.run-gpl$(GPL): requirements/%.lock pyproject.toml | .venv-%/bin/python
	@echo "Installing the environment $*: more than 1 GB, with torch for NVIDIA's GPUs several …"
	@rm -f .venv-$*/.run-*
	$(UV_INSTALL) .venv-$*/bin/python $(TORCH)
	$(UV_INSTALL) .venv-$*/bin/python $(LOCKED)/$*.lock --no-deps
	$(call WITHOUT_GPL,.venv-$*/bin/python)
	$(UV_INSTALL) .venv-$*/bin/python $(OURSELVES)
	@touch $@

.venv-%/.test: .venv-%/.run-gpl1 requirements/flavour-test.lock
	$(UV_INSTALL) .venv-$*/bin/python $(LOCKED)/flavour-test.lock --no-deps
	@touch $@

setup: $(VENV)/.run-gpl$(GPL)  ## Build the environment in .venv
	@$(MAKE) -s setup-node || echo "Node.js could not be installed, so the studio is not built; everything else works."

# The one on PATH, when it is new enough.
setup-node: | $(BIN)/python
	@$(BIN)/python -m cli.studio.nodejs >/dev/null 2>&1 || $(UV_INSTALL) $(BIN)/python $(LOCKED)/node.lock

setup-torch: .venv-torch/.run-gpl$(GPL)  ## Build .venv-torch, for SpeechT5, MMS and Bark on this machine (1.3 GB on a CPU)

setup-parler: .venv-parler/.run-gpl$(GPL)  ## Build .venv-parler, for Parler-TTS on this machine (1.2 GB on a CPU)

setup-test: $(VENV)/.test  ## The same as setup, with what tests and linters need

setup-test-flavours: .venv-torch/.test .venv-parler/.test

up: setup  ## Start everything on this machine and speak on http://127.0.0.1:8000
	@$(BIN)/python scripts/build_studio.py --brief || true
	@exec $(BIN)/oratio up

studio: openapi setup-node  ## Build the studio, the page that a running service shows at /app/
	$(BIN)/python scripts/build_studio.py

openapi: | $(VENV)/.run-gpl$(GPL)  ## Write what the API says of itself into frontend/openapi.json
	$(BIN)/python scripts/export_openapi.py

# Tests wait as well as compute, so there are two processes more than cores; those of torch only compute.
CORES     := $(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
PROCESSES := $(shell expr $(CORES) + 2)
# ORDER=7 shuffles the tests with the seed 7.
SHUFFLED  := $(if $(ORDER),-p pytest_randomly --randomly-seed=$(ORDER))
PYTEST    := -m pytest -n $(PROCESSES) $(SHUFFLED)

ifdef T
test: setup-test
	$(BIN)/python -m pytest $(SHUFFLED) $(T)
else
# The studio's tests mostly wait, so they run beside the others, and are shown when they have ended.
test: setup-test setup-test-flavours setup-node  ## Run all tests, or a selection: make test T=tests/api/test_jobs.py
	$(MAKE) -j2 test-studio-quiet test-all-environments
endif

test-studio-quiet:
	@$(MAKE) test-studio >.studio.log 2>&1; status=$$?; cat .studio.log; rm -f .studio.log; exit $$status

test-all-environments:
	$(MAKE) test-flavours
	$(MAKE) test-base

check: lint  ## Lint, types, unit and API tests: for use while working
	$(BIN)/python $(PYTEST) -m "not slow" tests/unit tests/api

test-base: setup-test setup-test-flavours
	$(BIN)/python $(PYTEST)

TORCH_TESTS  := tests/worker/test_conformance.py tests/worker/test_torch*.py tests/worker/test_numbers.py
PARLER_TESTS := tests/worker/test_conformance.py tests/worker/test_parler*.py
test-flavours: setup-test-flavours
	.venv-torch/bin/python -m pytest -n $(CORES) $(SHUFFLED) $(TORCH_TESTS)
	.venv-parler/bin/python -m pytest -n $(CORES) $(SHUFFLED) $(PARLER_TESTS)

test-studio: setup-test setup-node  ## Build the studio and test it: types, units, and a browser before a real service
	$(BIN)/python scripts/check_studio.py

# What must run on every Python; the other environments are those of the first one.
ON_EVERY_PYTHON := tests/worker/test_conformance.py tests/worker/test_engines.py \
  tests/e2e/test_speech.py::test_every_format_is_understood
test-python:  ## Run the tests of the engines on PYTHON=python3.12 or 3.13, in .venv-3.12 or .venv-3.13
	@version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	  && $(MAKE) VENV=.venv-$$version test-engines

test-engines: setup-test
	$(BIN)/python $(PYTEST) $(or $(T),$(ON_EVERY_PYTHON))


coverage: setup-test setup-test-flavours  ## Measure which branches the tests reach, in all processes that they start
	rm -rf .coverage-data && mkdir .coverage-data
	export COVERAGE_FILE=$(CURDIR)/.coverage-data/data PYTHONPATH=$(CURDIR); \
	.venv-torch/bin/python -m coverage run $(PYTEST) $(TORCH_TESTS); \
	.venv-parler/bin/python -m coverage run $(PYTEST) $(PARLER_TESTS); \
	$(BIN)/python -m coverage run $(PYTEST); \
	$(BIN)/python -m coverage combine -q && $(BIN)/python -m coverage report --skip-covered

lint: setup-test  ## ruff, mypy --strict, import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-test  ## Lay the code out
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

UV_COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
UV_PROJECT := $(UV_COMPILE) pyproject.toml
BASE       := --extra worker --extra base --extra kokoro --extra aac
lock: setup-test  ## Pin the newest versions that pyproject.toml allows (UPGRADE=--upgrade)
	$(UV_PROJECT) $(UPGRADE) $(BASE) --extra gateway --extra embedded --extra test --extra lint -o requirements/dev.lock
	$(UV_PROJECT) -c requirements/dev.lock $(BASE) --extra gateway --extra embedded -o requirements/run.lock
	$(UV_PROJECT) -c requirements/dev.lock --extra gateway -o requirements/gateway.lock
	$(UV_PROJECT) -c requirements/dev.lock $(BASE) -o requirements/base.lock
	$(UV_PROJECT) $(UPGRADE) $(BASE) --extra torch --no-emit-package torch -o requirements/torch.lock
	$(UV_PROJECT) $(UPGRADE) --extra worker --extra aac --extra parler --no-emit-package torch -o requirements/parler.lock
	$(UV_COMPILE) -c requirements/dev.lock --group flavour-test -o requirements/flavour-test.lock
	$(UV_COMPILE) --group node -o requirements/node.lock
	$(UV_COMPILE) $(UPGRADE) --group uv -o requirements/uv.lock

bench: setup-test  ## Measure overhead, submit rate, memory, first sounds and many listeners against their references
	$(BIN)/python -m bench

bench-studio: setup-test setup-node  ## Measure the first visit and the time from a key to its frame in Chromium
	$(BIN)/python scripts/check_studio.py bench

bench-models: setup-test setup-test-flavours  ## Measure full-size models, many texts at once beside one by one
	$(BIN)/python -m bench.batching $(BENCH)
	.venv-torch/bin/python -m bench.batching --families speecht5,mms,bark $(BENCH)
	.venv-parler/bin/python -m bench.batching $(BENCH)

clean:  ## Remove what the targets above built
	rm -rf .venv .venv-* .coverage-data .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache *.egg-info frontend/dist frontend/node_modules
