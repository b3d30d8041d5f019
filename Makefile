# Two commands a newcomer needs: `make demo` and `make test`. Everything else is for working on the project.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

.PHONY: setup demo browser test test-all check clean clean-kernels

setup: $(STAMP)

$(STAMP): pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "curldescent needs Python 3.11 or newer; say which with make PYTHON=python3.12")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade pip
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[data,dev]'
	touch $(STAMP)

demo: setup
	$(BIN)/curldescent demo --out results/demo

# Browser tests are skipped, with the reason, where no Chromium can be had.
browser:
	sh tests/explorer/install_browser.sh

test: setup browser
	$(BIN)/python -m pytest -n 2

test-all: setup browser
	$(BIN)/python -m pytest -n 2 -m 'slow or not slow'

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

clean:
	rm -rf $(VENV) results build dist

# Numba's cache does not notice changes in the files that a cached kernel calls.
clean-kernels:
	rm -f src/curldescent/training/kernels/__pycache__/*.nb[ic]
