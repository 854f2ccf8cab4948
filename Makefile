# The project's verbs; `make help` lists them. Each installs what it needs first.

PYTHON := build/deps/venv/bin/python
PYTEST := $(PYTHON) -m pytest -q -o cache_dir=$(CURDIR)/build/pytest
PROGRAM := build/release/stellar-arrow-source
CXX_FILES = $(shell find $(wildcard src tests bench fuzz examples) -name '*.h' -o -name '*.cc')
CLANG_FORMAT := build/deps/venv/bin/clang-format
FUZZ_SECONDS ?= 30
FUZZ_TARGETS ?= checkpoint config lake object request rpc xdr

.PHONY: build demo test nightly compare asan tsan fuzz coverage bench peers dev format format-check setup clean help FORCE
.DEFAULT_GOAL := build
.NOTPARALLEL:

help: ## This list
	@sed -n 's/^\([a-z -]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 16

setup: build/deps/ready ## Install what is missing: packages, and build/deps from the pinned wheels

build: build/release/build.ninja ## The program, as build/release/stellar-arrow-source
	@cmake --build --preset release --target stellar-arrow-source

demo: build ## Serve real ledgers of the public network, and read them over Arrow Flight
	@$(PYTHON) scripts/demo.py $(PROGRAM)

test: EXTRA := prometheus stores
nightly: EXTRA := prometheus stores versitygw
test: format-check build/release/build.ninja ## Every check but the sanitizers: format, unit, golden, end to end
	@$(PYTHON) tests/include_order.py
	@cmake --build --preset release
	@ctest --preset release
	@$(PYTEST) -m 'not nightly' tests/golden tests/e2e

nightly: build ## The end-to-end tests that take long
	@$(PYTEST) -m nightly tests/e2e

compare: build ## Our rows beside the official tools' of every ledger here (needs Go and Rust)
	@command -v go > /dev/null || { echo 'make compare needs Go (tests/compare/go)'; exit 1; }
	@command -v cargo > /dev/null || { echo 'make compare needs Rust (tests/compare/rust)'; exit 1; }
	@for script in $(filter-out %/shared.py %/rust_crate.py,$(wildcard tests/compare/*.py)); do \
	  echo "$$script:"; $(PYTHON) $$script || exit 1; done

dev asan tsan: %: build/%/build.ninja ## The unit tests with assertions, or under ASan+UBSan, or under TSan
	@cmake --build --preset $@
	@ctest --preset $@

bench: EXTRA := bench
bench: build/bench/build.ninja ## The benchmarks
	@cmake --build --preset bench
	@for program in build/bench/bench/*_bench; do $$program || exit 1; done

peers: build ## The program's speed beside zstd's, the official Rust crate's and the Go SDK's (needs Rust and Go)
	@$(PYTHON) bench/peers/run.py $(PROGRAM)

fuzz: EXTRA := fuzz
fuzz: build/fuzz/build.ninja ## Each fuzz target for FUZZ_SECONDS (30); docs/fuzzing.md
	@cmake --build --preset fuzz --target fuzz_targets
	@for target in $(FUZZ_TARGETS); do scripts/fuzz.sh $$target $(FUZZ_SECONDS) || exit 1; done

coverage: EXTRA := fuzz
coverage: build/coverage/build.ninja ## The lines that the fuzz targets' corpora reach
	@cmake --build --preset coverage --target fuzz_targets
	@scripts/coverage.sh $(FUZZ_TARGETS)

format: setup ## Format the C++ files
	@$(CLANG_FORMAT) -i $(CXX_FILES)

format-check: setup ## Fail where a C++ file is not formatted
	@$(CLANG_FORMAT) --dry-run -Werror $(CXX_FILES)

clean: ## Remove what was built, but keep build/deps
	@find build -mindepth 1 -maxdepth 1 -not -name deps -exec rm -rf {} + 2>/dev/null || true

# Set up every time, but be newer only where something changed.
build/deps/ready: FORCE
	@scripts/setup.sh $(EXTRA)

build/%/build.ninja: CMakePresets.json build/deps/ready
	@cmake --preset $*
	@touch $@
