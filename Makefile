# The project's commands. CMake does the building; see CMakePresets.json for the kinds of build.
PREFIX ?= /usr/local
FUZZ_SECONDS ?= 600

.DEFAULT_GOAL := help
.PHONY: help build run test bench compare fuzz format docs install clean

help: ## these lines
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' Makefile | expand -t 18

build/release/spanmill build: FORCE
	@scripts/install-packages build
	@cmake --preset release -DBUILD_TESTING=OFF -DCMAKE_INSTALL_PREFIX=$(PREFIX) >/dev/null
	@cmake --build --preset release --target spanmill
FORCE:

run: build/release/spanmill ## build, and run the main job on examples/quickstart.yaml
	@build/release/spanmill run --config examples/quickstart.yaml --welcome

test: ## build and pass every test
	@scripts/install-packages test
	@scripts/run-tests

bench: build/release/spanmill ## the project's own measurements: decode, encode, aggregate, series, OTTL statements
	@cmake --preset release -DBUILD_TESTING=ON >/dev/null
	@cmake --build --preset release --target benchmarks -- --quiet
	@for program in build/release/bench/bench.*; do $$program; done

compare: build/release/spanmill ## measure against the reference collector (needs Go; bench/peers/build makes the reference)
	@bench/compare.py --ours build/release/spanmill

fuzz: ## every fuzz target for FUZZ_SECONDS (600)
	@scripts/install-packages fuzz
	@cmake --preset fuzz >/dev/null && cmake --build --preset fuzz -- --quiet
	@scripts/fuzz $(FUZZ_SECONDS)

format: ## clang-format over the sources
	@scripts/install-packages format
	@git ls-files 'src/*.[ch]' 'tests/*.[ch]' 'bench/*.[ch]' | xargs clang-format -i

docs: ## write docs/reference from the option tables
	@scripts/install-packages build
	@cmake --preset debug -DBUILD_TESTING=ON >/dev/null
	@cmake --build --preset debug --target spanmill -- --quiet
	@build/debug/spanmill docs --output docs/reference

install: build/release/spanmill ## install program, man page, guides, completions and examples (PREFIX, DESTDIR)
	@cmake --install build/release --prefix $(PREFIX)

clean: ## remove what was built
	@rm -rf build
