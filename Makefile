# make claims: fetch, install and verify the paper's claims on the default model.   make test: the suite's own tests.
# make trust: can the tests be trusted? Every decision simulated in full, every planted error to be caught, models whose
# answer is known judged under 20 seeds, and random tries of hostile stores, models, tasks and reports for MINUTES each.
# ARGS is passed on to pytest:  make claims ARGS="-m attention"

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/installed
ARGS ?=
BESIDE ?=
MINUTES ?= 5

.PHONY: claims test trust install fetch bench reference expected clean

claims: fetch
	$(BIN)/pytest claims/ --expect fixtures/expected.json $(ARGS)

test: fetch
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest harness/tests -n auto $(ARGS)

trust: fetch
	ICL_CLAIMS_SIMULATIONS=10000 $(BIN)/pytest harness/tests/statistics/test_error_rates.py
	$(BIN)/python -m harness.tests.planted
	ICL_CLAIMS_KNOWN_SEEDS=20 $(BIN)/pytest harness/tests/known
	ICL_CLAIMS_STORE_EXAMPLES=500 $(BIN)/pytest harness/tests/test_store_machine.py
	$(BIN)/python -m harness.tests.campaigns --minutes $(MINUTES)

bench: fetch
	$(BIN)/pytest harness/benchmarks $(ARGS)

install: $(INSTALLED)

# A marker file newer than what decides the installation: a second call installs nothing.
$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -c constraints.txt -e '.[test]'
	touch $(INSTALLED)

fetch: $(INSTALLED)
	$(BIN)/python -m harness fetch

# The committed report, of the thorough run: hours on two cores, and WordNet.
reference: fetch
	-$(BIN)/pytest claims/ --profile thorough --report reports/reference/claims.html

# Record the default run's verdicts as those that are expected. BESIDE: a report of the same run made with other kernels.
expected: fetch
	-$(BIN)/pytest claims/
	$(BIN)/python -m harness expect reports/claims.json $(if $(BESIDE),--beside $(BESIDE)) --out fixtures/expected.json

clean:
	rm -rf $(VENV) .store build *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
