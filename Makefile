# make plan: install and plan the East-Data-West-Compute sample.  make test: install and run the whole suite.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
TYPES := $(VENV)/types
# Threads of array sums wait for each other where several processes share the cores, and gain nothing elsewhere.
export OPENBLAS_NUM_THREADS ?= 1

.PHONY: plan test lint types bench clean

$(VENV)/.installed: pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed: make PYTHON=...")'
	@echo "installing into $(VENV), which takes about a minute"
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-compile --editable '.[dev]'
	@# Compiling on all cores, and without tests of others, takes a third of what pip takes for it.
	-$(BIN)/python -m compileall -q -j 0 -x '/tests?/' $(VENV)/lib
	touch $@

plan: $(VENV)/.installed
	$(BIN)/route plan east-data-west-compute

# Tests begin many processes: without bytecode on disk each compiles the package anew.
test: export PYTHONDONTWRITEBYTECODE :=
test: $(VENV)/.installed
	$(BIN)/python -m pytest -n 2 --dist worksteal --cov --cov-report=term

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

# The package's root is this folder under another name, so mypy sees it through a link.
types: $(VENV)/.installed
	mkdir -p $(TYPES) && ln -sfn $(CURDIR) $(TYPES)/computeroute
	cd $(TYPES) && MYPYPATH=$(CURDIR)/$(TYPES) $(CURDIR)/$(BIN)/mypy --config-file $(CURDIR)/pyproject.toml \
		-p computeroute.routing -p computeroute.topologies -p computeroute.solvers -m computeroute.cli

# The published instances are not part of the repository: DATA is a folder with best_known.csv and their files.
DATA ?= ../shared/benchmarks
bench: $(VENV)/.installed
	@test -f $(DATA)/best_known.csv || { echo "no benchmark instances in $(DATA): make bench DATA=FOLDER"; exit 2; }
	$(BIN)/python -m benchmarks table --data $(DATA) --csv bench.csv $(BENCH)

clean:
	rm -rf $(VENV) build dist *.egg-info .coverage* .mypy_cache .pytest_cache .ruff_cache .hypothesis
