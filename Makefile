# Everything here starts from a bare machine with Python 3.11 or later and make:
# the environment is set up in .venv on first use, and again when pyproject.toml changes.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
WORKERS ?= 2

# One BLAS thread a process: the test workers share the cores.
export OMP_NUM_THREADS := 1
export OPENBLAS_NUM_THREADS := 1
export MKL_NUM_THREADS := 1

.DEFAULT_GOAL := help
.PHONY: help demo test lint format types bench supported docs clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

demo: $(VENV)/.demo-installed ## run the demonstration on real data; writes wengert-demo.html
	$(BIN)/wengert demo

test: $(VENV)/.test-installed lint types ## lint, format check, type check and the whole test suite
	$(BIN)/python -m pytest -n $(WORKERS)

lint: $(VENV)/.test-installed ## ruff: rules and formatting
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(VENV)/.test-installed ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

types: $(VENV)/.test-installed ## mypy
	$(BIN)/mypy

bench: $(VENV)/.bench-installed ## recording costs beside other libraries (uses PyTorch when it is there)
	$(BIN)/python -m benchmarks

supported: $(VENV)/.test-installed ## write docs/supported.md from what is really there
	$(BIN)/python -m docs.tools.supported

docs: $(VENV)/.docs-installed ## build the documentation, its pages executed: build/docs/index.html
	$(BIN)/python -m sphinx --fail-on-warning --keep-going -j 2 -d build/doctrees docs build/docs

clean: ## remove the environment and everything generated
	rm -rf $(VENV) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis wengert-demo.html
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.created:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "wengert needs Python 3.11 or later; name one with: make PYTHON=python3.12 ..." >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.%-installed: pyproject.toml $(VENV)/.created
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[$*]'
	@touch $@

# make would otherwise remove these stamps as intermediate files, and install again each time.
.PRECIOUS: $(VENV)/.created $(VENV)/.%-installed
