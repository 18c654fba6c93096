# Hearthline: `make run` to try it, `make test` to check it. CONTRIBUTING.md explains the rest.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PYTEST := $(BIN)/python -m pytest

.PHONY: run test soak fuzz lint bench clean stubs features translations venv assets

run: $(VENV)/.installed assets
	@exec $(BIN)/hearthline up --demo

# Two processes share the files of tests unless ARGS names a file or folder: make test ARGS="-k inform", ARGS=tests/acs/cwmp, WORKERS=4, WORKERS=0.
WORKERS ?= $(if $(filter tests tests/% ./tests/%,$(ARGS)),0,2)

test: $(VENV)/.tested assets
	$(PYTEST) -m "not soak" -n $(WORKERS) --dist loadfile --no-loadscope-reorder $(ARGS)

soak: $(VENV)/.tested assets
	$(PYTEST) -m soak $(ARGS)

# By coverage where atheris has a wheel for this Python, by mutation of the same seeds else: make fuzz RUNS=1000000, or SECONDS=600.
fuzz: $(VENV)/.tested
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[fuzz]' 2>/dev/null || true
	nice -n 19 $(BIN)/python -m tests.fuzz $(if $(RUNS),--runs $(RUNS)) $(if $(SECONDS),--seconds $(SECONDS)) $(ARGS)
	@if $(BIN)/python -c 'import atheris' 2>/dev/null; then nice -n 19 $(BIN)/python -m tests.fuzz --guided --seconds 60; else echo "no atheris for this Python"; fi

lint: $(VENV)/.tested
	$(BIN)/ruff check .
	$(BIN)/mypy

# The table of docs/benchmarks.md, on whatever machine: an hour. make bench QUICK=1: minutes. ARGS="--case periodic --database sqlite": a part.
bench: $(VENV)/.installed
	$(BIN)/python -m tests.bench
	$(BIN)/hearthline bench $(if $(QUICK),--quick) --report bench-report.md $(ARGS)

# Writes what is generated from the code: message stubs, the coverage page, translation catalogues.
stubs: $(VENV)/.installed
	$(BIN)/python -c "from pathlib import Path; from acs.cwmp import messages; Path('acs/cwmp/messages.pyi').write_text(messages.stub())"

features: $(VENV)/.tested
	$(BIN)/python -m tests.marks write

assets: $(VENV)/.installed
	@$(BIN)/python -m care.assets

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis node_modules care/static/vendor screenshots
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# ---- the virtual environment: made when missing, brought up to date when setup.cfg changes -----------------------

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "Hearthline needs Python 3.11 or newer; this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2])' || exit 2
	@echo "Making $(VENV)"
	@$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: setup.cfg pyproject.toml | $(VENV)/bin/python
	@echo "Installing Hearthline and what it needs (once)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.tested: setup.cfg pyproject.toml | $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[test,dev]'
	@touch $@
