# make run and make test need nothing but Python 3.11 or later; the rest is for developers.
PYTHON ?= python3
BIN := .venv/bin
READY := .venv/.ready

.PHONY: run test lint types readme bench flaws sample clean

run: $(READY)
	$(BIN)/clusterlab run

test: $(READY)
	$(BIN)/pytest -n 2 --dist worksteal

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# Every command that the README shows, run as it stands there.
readme: $(READY)
	$(BIN)/python scripts/run_readme.py

bench: $(READY)
	$(BIN)/python scripts/bench.py

# What the flaws of the studies do, as docs/flaws.md shows it; CLUSTERLAB_DATA and
# CLUSTERLAB_WEIGHTS name the collections and the weights.
flaws: $(READY)
	$(BIN)/python scripts/flaws.py

sample: $(READY)
	$(BIN)/python scripts/make_sample.py

clean:
	rm -rf .venv

$(READY): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	touch $(READY)
