# Run `make` to list the targets.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# GPL=0 leaves out the packages with a GPL licence: PyAV's wheel (for the format aac) and Kokoro's phonemizer.
# Everything else works without them.
GPL    ?= 1
GPL_PACKAGES := av kokoro-onnx phonemizer espeakng-loader
# The build of torch that fits the machine, for example TORCH="torch==2.13.0 --index-url …"
TORCH  ?= torch==2.13.0

# uv installs every environment. It uses the wheels that pip is configured to find.
TOOLS  := .venv-uv
UV     := $(TOOLS)/bin/uv
export UV_FIND_LINKS ?= $(PIP_FIND_LINKS)
export UV_PYTHON_DOWNLOADS := never
# Dozens of processes import the same modules, so compiled modules are cached even if the shell turns that off.
unexport PYTHONDONTWRITEBYTECODE
UV_INSTALL = $(UV) pip install -q --python
LOCKED     = --require-hashes -r requirements
OURSELVES := --no-deps --no-build-isolation -e .
WITHOUT_GPL = $(if $(filter 0,$(GPL)),$(UV) pip uninstall -q --python $(1) $(GPL_PACKAGES) 2>/dev/null || true)

.DEFAULT_GOAL := help
.PHONY: help setup setup-torch setup-parler setup-node setup-test setup-test-flavours up studio openapi \
  test test-base test-flavours test-all-environments test-studio test-studio-quiet test-python test-engines \
  check coverage lint format lock screenshots bench bench-studio bench-models clean

help:  ## List the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 22


define check_python
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "OratioViva needs Python 3.11 or newer. Name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
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
	@echo "Installing $(VENV) …"
	@rm -f $(VENV)/.run-*
	$(UV_INSTALL) $(BIN)/python $(LOCKED)/run.lock
	$(call WITHOUT_GPL,$(BIN)/python)
	$(UV_INSTALL) $(BIN)/python $(OURSELVES)
	@touch $@

$(VENV)/.test: requirements/dev.lock pyproject.toml | $(BIN)/python
	$(UV_INSTALL) $(BIN)/python $(LOCKED)/dev.lock
	$(UV_INSTALL) $(BIN)/python $(OURSELVES)
	@rm -f $(VENV)/.run-* && touch $@ $(VENV)/.run-gpl1

# The other worker flavours. Each has an environment of its own, and `oratio up` starts a worker for each complete one.
.venv-torch/bin/python .venv-parler/bin/python: | $(UV)
	$(call check_python)
	$(UV) venv -q --allow-existing --seed --python $(PYTHON) $(@:/bin/python=)

# An environment is complete when its stamp file exists, so the stamp is written last.
.venv-%/.run-gpl$(GPL): requirements/%.lock pyproject.toml | .venv-%/bin/python
	@echo "Installing .venv-$*: more than 1 GB, or several GB with a torch for NVIDIA GPUs …"
	@rm -f .venv-$*/.run-*
	$(UV_INSTALL) .venv-$*/bin/python $(TORCH)
	$(UV_INSTALL) .venv-$*/bin/python $(LOCKED)/$*.lock --no-deps
	$(call WITHOUT_GPL,.venv-$*/bin/python)
	$(UV_INSTALL) .venv-$*/bin/python $(OURSELVES)
	@touch $@

.venv-%/.test: .venv-%/.run-gpl1 requirements/flavour-test.lock
	$(UV_INSTALL) .venv-$*/bin/python $(LOCKED)/flavour-test.lock --no-deps
	@touch $@

setup: $(VENV)/.run-gpl$(GPL)  ## Install the environment in .venv
	@$(MAKE) -s setup-node || echo "Node.js could not be installed, so the studio is not built. Everything else works."

# Uses the Node.js on PATH if it is new enough.
setup-node: | $(BIN)/python
	@$(BIN)/python -m cli.studio.nodejs >/dev/null 2>&1 || $(UV_INSTALL) $(BIN)/python $(LOCKED)/node.lock

setup-torch: .venv-torch/.run-gpl$(GPL)  ## Install .venv-torch, which runs SpeechT5, MMS and Bark (1.3 GB for a CPU)

setup-parler: .venv-parler/.run-gpl$(GPL)  ## Install .venv-parler, which runs Parler-TTS (1.2 GB for a CPU)

setup-test: $(VENV)/.test  ## Install .venv with the requirements of tests and linters

setup-test-flavours: .venv-torch/.test .venv-parler/.test  ## Install .venv-torch and .venv-parler with the requirements of their tests


up: setup  ## Install and start the service on this machine, at http://127.0.0.1:8000
	@$(BIN)/python scripts/build_studio.py --brief || true
	@exec $(BIN)/oratio up

studio: openapi setup-node  ## Build the studio, the web page that the service serves at /app/
	$(BIN)/python scripts/build_studio.py

openapi: | $(VENV)/.run-gpl$(GPL)  ## Export the OpenAPI document to frontend/openapi.json
	$(BIN)/python scripts/export_openapi.py

# Most tests wait much of their time, so there are two processes more than cores. The tests with torch only compute.
CORES     := $(or $(shell getconf _NPROCESSORS_ONLN 2>/dev/null),2)
PROCESSES := $(shell expr $(CORES) + 2)
# ORDER=7 shuffles the tests with the seed 7.
SHUFFLED  := $(if $(ORDER),-p pytest_randomly --randomly-seed=$(ORDER))
PYTEST    := -m pytest -n $(PROCESSES) $(SHUFFLED)

ifdef T
test: setup-test
	$(BIN)/python -m pytest $(SHUFFLED) $(T)
else
# The studio's tests mostly wait, so they run in parallel to the others. Their output is printed when they end.
test: setup-test setup-test-flavours setup-node  ## Run all tests, or a selection: make test T=tests/api/test_jobs.py
	$(MAKE) -j2 test-studio-quiet test-all-environments
endif

test-studio-quiet:
	@$(MAKE) test-studio >.studio.log 2>&1; status=$$?; cat .studio.log; rm -f .studio.log; exit $$status

test-all-environments:
	$(MAKE) test-flavours
	$(MAKE) test-base

check: lint  ## Run linters, type checks, unit and API tests (about two minutes)
	$(BIN)/python $(PYTEST) -m "not slow" tests/unit tests/api

test-base: setup-test setup-test-flavours  ## Run only the tests of .venv
	$(BIN)/python $(PYTEST)

TORCH_TESTS  := tests/worker/test_conformance.py tests/worker/test_torch*.py tests/worker/test_numbers.py
PARLER_TESTS := tests/worker/test_conformance.py tests/worker/test_parler*.py
test-flavours: setup-test-flavours  ## Run only the tests of .venv-torch and .venv-parler
	.venv-torch/bin/python -m pytest -n $(CORES) $(SHUFFLED) $(TORCH_TESTS)
	.venv-parler/bin/python -m pytest -n $(CORES) $(SHUFFLED) $(PARLER_TESTS)

test-studio: setup-test setup-node  ## Build the studio and run its type checks, unit tests and browser tests
	$(BIN)/python scripts/check_studio.py

screenshots: setup-test setup-node  ## Take screenshots of every screen of the studio, into frontend/shots (10 minutes)
	$(BIN)/python scripts/check_studio.py screenshots

# The tests that run on every Python version. The flavour environments exist only for one version.
ON_EVERY_PYTHON := tests/worker/test_conformance.py tests/worker/test_engines.py \
  tests/e2e/test_speech.py::test_every_format_is_intelligible
test-python:  ## Run the engine tests on another Python, in .venv-3.12 or .venv-3.13: make test-python PYTHON=python3.12
	@version=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
	  && $(MAKE) VENV=.venv-$$version test-engines

test-engines: setup-test
	$(BIN)/python $(PYTEST) $(or $(T),$(ON_EVERY_PYTHON))

coverage: setup-test setup-test-flavours  ## Measure the branch coverage of the tests, in all processes that they start
	rm -rf .coverage-data && mkdir .coverage-data
	export COVERAGE_FILE=$(CURDIR)/.coverage-data/data PYTHONPATH=$(CURDIR); \
	.venv-torch/bin/python -m coverage run $(PYTEST) $(TORCH_TESTS); \
	.venv-parler/bin/python -m coverage run $(PYTEST) $(PARLER_TESTS); \
	$(BIN)/python -m coverage run $(PYTEST); \
	$(BIN)/python -m coverage combine -q && $(BIN)/python -m coverage report --skip-covered

lint: setup-test  ## Run ruff, mypy --strict and the import contracts
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: setup-test  ## Format the code with ruff
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

UV_COMPILE := $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header
UV_PROJECT := $(UV_COMPILE) pyproject.toml
BASE       := --extra worker --extra base --extra kokoro --extra aac
lock: setup-test  ## Update the lock files from pyproject.toml, with UPGRADE=--upgrade to the newest versions
	$(UV_PROJECT) $(UPGRADE) $(BASE) --extra gateway --extra wyoming --extra embedded --extra test --extra lint -o requirements/dev.lock
	$(UV_PROJECT) -c requirements/dev.lock $(BASE) --extra gateway --extra wyoming --extra embedded -o requirements/run.lock
	$(UV_PROJECT) -c requirements/dev.lock --extra gateway --extra wyoming -o requirements/gateway.lock
	$(UV_PROJECT) -c requirements/dev.lock $(BASE) -o requirements/base.lock
	$(UV_PROJECT) $(UPGRADE) $(BASE) --extra torch --no-emit-package torch -o requirements/torch.lock
	$(UV_PROJECT) $(UPGRADE) --extra worker --extra aac --extra parler --no-emit-package torch -o requirements/parler.lock
	$(UV_COMPILE) -c requirements/dev.lock --group flavour-test -o requirements/flavour-test.lock
	$(UV_COMPILE) --group node -o requirements/node.lock
	$(UV_COMPILE) $(UPGRADE) --group uv -o requirements/uv.lock
	$(UV_PROJECT) -c requirements/dev.lock --extra base --group bench-litserve -o requirements/bench-litserve.lock

bench: setup-test  ## Run all benchmarks of the service (most of an hour; the machine should be idle)
	$(BIN)/python -m bench

bench-studio: setup-test setup-node  ## Measure the first page load and the time from key press to frame in Chromium
	$(BIN)/python scripts/check_studio.py bench

bench-models: setup-test setup-test-flavours  ## Measure full-size models with many texts at once and one by one
	$(BIN)/python -m bench.batching $(BENCH)
	.venv-torch/bin/python -m bench.batching --families speecht5,mms,bark $(BENCH)
	.venv-parler/bin/python -m bench.batching $(BENCH)

clean:  ## Remove the environments, caches and the built studio
	rm -rf .venv .venv-* .coverage-data .mypy_cache .ruff_cache .pytest_cache \
	  .import_linter_cache *.egg-info frontend/dist frontend/node_modules
