# `make demo` and `make test` set everything up first; a second run rebuilds only what has changed.
PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
CPP    := $(foreach folder,csrc csrc/fused csrc/dense csrc/unet csrc/client,$(wildcard $(folder)/*.?pp))
NATIVE := $(CPP) CMakeLists.txt csrc/fused/CMakeLists.txt csrc/dense/CMakeLists.txt csrc/unet/CMakeLists.txt pyproject.toml

MODULES := $(sort $(shell find beamform sim nn stream -name '*.py'))

.PHONY: FORCE install wheel demo docs test counted asan tsan bench bench-against bench-peers gpu lint format clean

install: $(VENV)/.installed

$(VENV)/.tools: pyproject.toml Makefile
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; (3, 11) <= v <= (3, 13) or sys.exit("Sonolucent needs Python 3.11-3.13, found %d.%d; try make PYTHON=python3.12" % v)'
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	$(BIN)/python -m pip install --quiet torch==2.13.0
	$(BIN)/python -m pip install --quiet --group build --group dev
	@touch $@

# An editable install: edits to Python need nothing. Edits to C++ come back here, and so do Python files that come, go or
# move: the install has a list of them.
$(VENV)/.modules: FORCE
	@mkdir -p $(VENV)
	@echo $(MODULES) | cmp -s - $@ || echo $(MODULES) > $@

$(VENV)/.installed: $(VENV)/.tools $(VENV)/.modules $(NATIVE)
	$(BIN)/python -m pip install --quiet --no-build-isolation --editable ".[torch,fftw,formats,dicom]"
	$(BIN)/sonolucent warmup
	@touch $@

# Wheels in dist/, for every supported Python that is here, or for those that are named: make wheel PYTHONS=python3.12
PYTHONS ?= $(foreach python,python3.11 python3.12 python3.13,$(shell $(python) -c 'print("$(python)")' 2>/dev/null))
wheel:
	.ci/wheel $(PYTHONS)
	.ci/try-wheel $(PYTHONS)

demo: install
	$(BIN)/sonolucent demo

# The site, in build/docs. What builds it is installed when it is first asked for.
$(VENV)/.docs: $(VENV)/.tools pyproject.toml
	$(BIN)/python -m pip install --quiet --group docs
	@touch $@

docs: install $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -q -b html -d build/doctrees docs build/docs
	@echo "build/docs/index.html"

# One test worker a core, so one OpenMP thread each: more would spin for one another, and a training that takes half a
# minute would take five. OpenMP reads this as the process starts; in conftest.py it would come too late.
test: export OMP_NUM_THREADS := 1
test: install
	$(BIN)/python -m pytest -n auto --dist loadgroup

# The fused kernels alone: their allocations counted, under ASan and UBSan, under TSan.
asan: SANITIZE := address,undefined
tsan: SANITIZE := thread
counted asan tsan: $(VENV)/.tools
	PATH="$(abspath $(BIN)):$$PATH" cmake -S tests/native -B build/$@ -G Ninja -DCMAKE_BUILD_TYPE=Release -DSANITIZE=$(SANITIZE)
	PATH="$(abspath $(BIN)):$$PATH" cmake --build build/$@
	build/$@/fused_test
	build/$@/dense_test
	build/$@/team_test

bench: install
	$(BIN)/python -m pytest tests/benchmarks --benchmark-enable --benchmark-only -p no:xdist

# This version beside another on the same machine, in turn: make bench-against VERSION=COMMIT
VERSION ?= HEAD~1
bench-against: install
	$(BIN)/python tests/compare/versions.py $(VERSION)

# Every path through a GPU, tested, timed and profiled; without one, the same steps on torch's CPU device.
gpu: install
	$(BIN)/python tests/campaigns/gpu_paths.py

# Peers live apart, on top of .venv: they see all that is in it, and it nothing of them. (One brings psutil, with which
# pytest-xdist counts cores in another way; in .venv that would change `make test`.)
PEERS   := .venv-peers
PURELIB := -c 'import sysconfig; print(sysconfig.get_path("purelib"))'

$(PEERS)/.installed: $(VENV)/.installed pyproject.toml
	test -x $(PEERS)/bin/python || $(BIN)/python -m venv --without-pip $(PEERS)
	echo "import site; site.addsitedir('$$($(BIN)/python $(PURELIB))')" > "$$($(PEERS)/bin/python $(PURELIB))/below.pth"
	$(PEERS)/bin/python -m pip install --quiet --group peers
	@touch $@

# A large mmap threshold keeps freed pages, which spares peers that allocate their images the page faults.
bench-peers: export MALLOC_MMAP_THRESHOLD_ := 1073741824
bench-peers: export MALLOC_TRIM_THRESHOLD_ := 4294967296
bench-peers: export MALLOC_TOP_PAD_ := 268435456
bench-peers: $(PEERS)/.installed
	$(PEERS)/bin/python tests/compare/beamform_peers.py
	$(PEERS)/bin/python tests/compare/plane_wave_peers.py
	$(PEERS)/bin/python tests/compare/enhance_peers.py
	$(PEERS)/bin/python -m pytest tests/compare -s -p no:xdist

lint: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/clang-format --dry-run --Werror $(CPP) $(wildcard tests/native/*.?pp)
	.ci/types
	.ci/imports

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/clang-format -i $(CPP) $(wildcard tests/native/*.?pp)

clean:
	rm -rf $(VENV) $(PEERS) build
