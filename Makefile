# Each target sets up what it needs and can be run again.
VENV := .venv
BIN := $(VENV)/bin

.PHONY: help setup setup-arm demo docs check lint format test test-arm conformance fuzz golden bench bench-check release-check clean

help: ## this list
	@grep -E '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

$(VENV)/ready: pyproject.toml toolkit/constraints.txt toolkit/setup.sh
	@toolkit/setup.sh $(VENV)

setup: $(VENV)/ready ## a virtual environment in .venv with everything

setup-arm: ## cross compilers and QEMU for every Arm target (apt-get, or the brew line on macOS)
	@toolkit/setup_arm.sh

demo: $(VENV)/ready ## the trained digits network: export, quantize, C, verify; leaves build/demo
	@$(BIN)/python -m models.demo build/demo

test: $(VENV)/ready ## all tests
	@$(BIN)/python -m pytest -q --numprocesses 2

test-arm: $(VENV)/ready ## the tests that run on emulated Arm processors; none is skipped
	@BITTWIN_REQUIRE_ARM=1 $(BIN)/python -m pytest -q tests/arm

check: lint ## what CI runs before the tests: lint, types, format
	@$(BIN)/python -m mypy

lint: $(VENV)/ready
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/clang-format --dry-run --Werror $$(git ls-files '*.[ch]')

format: $(VENV)/ready ## rewrite Python and C in the project's style
	@$(BIN)/ruff check --fix . ; $(BIN)/ruff format .
	@$(BIN)/clang-format -i $$(git ls-files '*.[ch]')

conformance: $(VENV)/ready ## the ONNX backend suite in C; rewrites docs/conformance.md
	@$(BIN)/python -m tests.conformance --write docs/conformance.md

fuzz: $(VENV)/ready ## 2,000 random int8 convolutions against onnxruntime
	@$(BIN)/python -m tests.fuzz_conv2d --cases 2000

golden: $(VENV)/ready ## rewrite tests/golden from what is generated now, docs/command.md from the command's help
	@$(BIN)/python -m pytest -q tests/cgen/test_golden.py tests/toolkit/test_docs.py -k "golden or reference" --update-golden

bench: $(VENV)/ready ## rewrite docs/bench.md and .json: instructions of the networks on every emulated target
	@$(BIN)/python -m models.benchmark

bench-check: $(VENV)/ready ## fail where a figure is more than 1 % worse than docs/bench.json
	@$(BIN)/python -m models.benchmark --check

docs: $(VENV)/ready ## the documentation site, in build/docs
	@$(BIN)/python -m sphinx -W --keep-going -q -b html docs build/docs && echo build/docs/index.html

release-check: $(VENV)/ready ## sdist and wheel: built, checked, installed in an empty environment, used
	@toolkit/release_check.sh $(BIN)/python

clean: ## remove what was built; .venv stays
	rm -rf build dist
