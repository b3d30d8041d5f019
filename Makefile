# Two commands a newcomer needs: `make demo` and `make test`. Everything else is for working on the project.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
STAMP  := $(VENV)/.installed

# The tests start many processes, which would each compile the package's modules anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: setup demo browser test test-all check docs dist dist-check clean

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
	sh tests/apps/explorer/install_browser.sh

# A file's tests stay in one process, which compiles and computes what they share once.
# What JAX compiles is used once or twice here: it is compiled quickly. `test-all` compiles as users do.
# A JAX that does not know one of these flags ends when it starts: it then goes without them.
QUICKLY := --xla_cpu_use_fusion_emitters=false --xla_cpu_parallel_codegen_split_count=1
# Matrices are small and every core has its process: threads of linear algebra would only wait for each other, busily.
ALONE := OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1

test: setup browser
	@flags='$(QUICKLY)'; \
	XLA_FLAGS="$$flags" $(BIN)/python -c 'import jax; jax.devices()' >/dev/null 2>&1 || flags=; \
	$(ALONE) JAX_DISABLE_MOST_OPTIMIZATIONS=1 XLA_FLAGS="$$XLA_FLAGS $$flags" \
	$(BIN)/python -m pytest -n 2 --dist loadfile

test-all: setup browser
	$(ALONE) $(BIN)/python -m pytest -n 2 --dist loadfile -m 'slow or not slow'

check: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Strict: whatever does not resolve, any public name without an entry, anything loaded from the network ends the build.
docs: setup $(VENV)/.docs
	$(BIN)/python -m sphinx -E -W -n --keep-going -q -b html -d build/doctrees docs build/docs
	@echo build/docs/index.html

$(VENV)/.docs: $(STAMP)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.[docs]'
	touch $@

# The source archive, and from it the wheel.
dist: setup
	rm -rf dist
	$(BIN)/python -m build
	@ls dist

# The wheel, with the base dependencies alone, where nothing else is: what a stranger's first minutes are.
dist-check: dist
	rm -rf build/clean
	$(PYTHON) -m venv build/clean
	build/clean/bin/python -m pip install --quiet --disable-pip-version-check dist/*.whl
	cd build/clean && bin/curldescent doctor && bin/curldescent demo --out demo
	@ls build/clean/demo

clean:
	rm -rf $(VENV) results build dist
