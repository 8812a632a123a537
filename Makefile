# Two commands for a fresh machine: `make demo` and `make test`. Both set everything up in .venv first.
#   PIP_ARGS   passed to pip, e.g. PIP_ARGS="--index-url …" for PyTorch's CPU build (see README.md)
#   PYTHON     the interpreter to build the environment from (3.11 or newer)
PYTHON ?= python3
PIP_ARGS ?=
VENV ?= .venv
BIN := $(VENV)/bin
# Two busy threads that spin while waiting for each other can stall on a loaded two-core machine.
export OMP_WAIT_POLICY ?= passive

.PHONY: demo test test-all lint types bench clean

demo: $(VENV)/installed
	$(BIN)/ganvas demo

test: $(VENV)/installed-dev
	$(BIN)/pytest

test-all: $(VENV)/installed-dev
	$(BIN)/pytest -m "slow or not slow"

lint: $(VENV)/installed-dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check

types: $(VENV)/installed-dev
	$(BIN)/mypy

bench: $(VENV)/installed-dev
	$(BIN)/python bench/train_speed.py

# torch first: with it pinned and installed, nothing else pulls another build of it
$(VENV)/torch: constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(PIP_ARGS) -c constraints.txt torch numpy
	touch $@

$(VENV)/installed: $(VENV)/torch pyproject.toml
	$(BIN)/pip install --quiet $(PIP_ARGS) -c constraints.txt -e .
	touch $@

$(VENV)/installed-dev: $(VENV)/torch pyproject.toml
	$(BIN)/pip install --quiet $(PIP_ARGS) -c constraints.txt -e ".[dev]"
	touch $@

clean:
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache
