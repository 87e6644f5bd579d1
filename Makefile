# `make demo` and `make test` set everything up first; a second run rebuilds only what has changed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
NATIVE := $(wildcard csrc/*.cpp csrc/*.hpp) CMakeLists.txt pyproject.toml

.PHONY: install demo test bench lint format clean

install: $(VENV)/.installed

$(VENV)/.tools: pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("Sonolucent needs Python 3.11-3.13, found %d.%d; try make PYTHON=python3.12" % v)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --group build --group dev
	@touch $@

# An editable install: edits to Python need nothing, edits to C++ come back here.
$(VENV)/.installed: $(VENV)/.tools $(NATIVE)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[fftw]"
	$(BIN)/sonolucent warmup
	@touch $@

demo: install
	$(BIN)/sonolucent demo

test: install
	$(BIN)/python -m pytest -n auto --dist loadgroup

bench: install
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-only -p no:xdist

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror csrc/*.cpp csrc/*.hpp
	.ci/types
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i csrc/*.cpp csrc/*.hpp

clean:
	rm -rf $(VENV) build
