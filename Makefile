# The two commands: `make report` and `make test`. They need Python 3.11 or newer and make;
# everything else goes into .venv, exactly as requirements.lock says. `make help` lists the rest.

MONTH ?= 2024-09
DATA ?= data/sample
OUT ?= _site
FORMATS ?= html,pdf,docx
ENGINE ?= auto
SEED ?=
SCALE ?=
SIZES ?= quick
# What follows is passed to pytest, as in: make test TESTS=tests/test_vi.py
TESTS ?=
WORKERS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
DXREPORT := $(PY) -m dxreport
SHELL := /bin/sh

.DEFAULT_GOAL := help
.PHONY: help report notebooks test check explore sample example-ingest baltimore bench lock clean environment

help: ## say what can be made
	@echo "usage: make TARGET [MONTH=2024-09] [DATA=data/sample] [OUT=_site]"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

report: environment ## render the month's report: HTML, PDF, DOCX and the facts
	@$(DXREPORT) render "$(MONTH)" --data "$(DATA)" --out "$(OUT)" --formats "$(FORMATS)" --engine "$(ENGINE)"

test: environment ## check the style, the types and everything the tests know
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(PY) -m pytest -q -n $(WORKERS) $(TESTS)

check: environment ## say whether the data keep the contract
	@$(DXREPORT) check --data "$(DATA)"

notebooks: environment ## run the analysis notebooks of the month, after its report
	@$(DXREPORT) notebooks "$(MONTH)" --data "$(DATA)" --out "$(OUT)"

explore: environment ## open JupyterLab on the notebooks; their first cell names month and data
	@$(PY) -m jupyterlab --notebook-dir=. notebooks/02-pakn.ipynb

sample: environment ## make the synthetic sample again, in data/sample
	@$(DXREPORT) sample --out data/sample $(if $(SEED),--seed $(SEED)) $(if $(SCALE),--scale $(SCALE))

example-ingest: environment ## go the whole way on small Excel files: exports, ingest, report
	@sh docs/example-ingest.sh "$(DXREPORT)" build/example "$(OUT)"

baltimore: environment ## another city's real records: from its export to its report
	@$(DXREPORT) --project examples/baltimore ingest pakn examples/baltimore/exports/311-2018.csv --data build/baltimore
	@$(DXREPORT) --project examples/baltimore render 2018-09 --data build/baltimore --out build/baltimore-site --engine "$(ENGINE)"

bench: environment ## measure, and print a table (SIZES=all has 20 million records)
	@$(PY) -m benchmarks --sizes "$(SIZES)"

lock: build/lock/bin/uv ## choose the newest versions and write requirements.lock
	@build/lock/bin/uv pip compile -q --universal --python-version 3.11 --upgrade \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate \
	  --custom-compile-command "make lock" \
	  --all-extras --group build --group fonts --group test pyproject.toml -o requirements.lock
	@echo "requirements.lock is written; 'make test' tries it."

build/lock/bin/uv:
	@python3 -m venv build/lock && build/lock/bin/python -m pip install -qq uv

clean: ## remove what was made (the environment too)
	rm -rf $(VENV) $(OUT) _quarto charts .quarto build dist .dxreport .pytest_cache .mypy_cache .ruff_cache .hypothesis

# Always asked, and quick: is .venv the one that requirements.lock describes, in this folder?
environment:
	@VENV=$(VENV) sh .ci/environment
