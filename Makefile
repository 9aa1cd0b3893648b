# Every target sets up what it needs: a virtual environment in .venv, made anew when pyproject.toml
# has changed. PYTHON=… chooses the interpreter; otherwise the first one that is 3.11 or newer.

BIN     := .venv/bin
SECONDS ?= 20
STATIC   = $(MAKE) --no-print-directory --keep-going static

.PHONY: help demo test check bench fuzz eval docs clean
.PHONY: venv static lint format types completeness sizes

help:
	@echo "make demo     show the library at work; no key, no network"
	@echo "make test     everything CI runs: check, then all tests on asyncio and trio"
	@echo "make check    lint, format, types, the completeness of public types, architecture, sizes"
	@echo "make bench    compare with raw httpx and anyio"
	@echo "make fuzz     feed each parser what nobody expects, SECONDS=$(SECONDS) each"
	@echo "make eval     figures: conformance of each provider and the like"
	@echo "make docs     build the documentation into site/"
	@echo "make clean    remove what the other targets made, but for .venv"

demo: venv
	@$(BIN)/beluga demo

# What fails in `static` does not keep the tests from running, so that one run tells everything.
test: venv
	@$(STATIC) || failed=1; $(BIN)/python -m pytest -n auto --maxprocesses 8 && [ -z "$$failed" ]

check: venv
	@$(STATIC) || failed=1; $(BIN)/python -m pytest -q tests/architecture && [ -z "$$failed" ]

bench: venv
	@$(BIN)/python -m tests.benchmarks

fuzz: venv
	@$(BIN)/python -m fuzz --seconds $(SECONDS)

eval: venv
	@$(BIN)/python -m tests.evaluation

docs: venv
	@$(BIN)/python -m mkdocs build --strict --quiet
	@echo "site/index.html"

clean:
	@rm -rf build dist site .hypothesis .mypy_cache .pytest_cache .ruff_cache
	@find . -name .venv -prune -o -name __pycache__ -type d -print | xargs rm -rf

static: lint format types completeness sizes

lint: venv
	@$(BIN)/ruff check --quiet --output-format concise && echo "lint          ok"

format: venv
	@$(BIN)/ruff format --check --quiet --output-format concise && echo "format        ok"

types: venv
	@$(BIN)/mypy --no-error-summary && echo "types         ok"

completeness: venv
	@$(BIN)/python -m tests.typing.completeness

sizes: venv
	@$(BIN)/python -m tests.architecture.sizes

venv:
	@sh .ci/venv
