# The commands of the house. `make setup` is called by the others first.

BIN := .venv/bin
STAMP := .venv/.installed
PYTHONS := $(PYTHON) python3.11 python3.12 python3.13 python3.14 python3

.PHONY: setup run test debian fuzz power crash soak campaign bench clean

setup: $(STAMP)

$(STAMP): pyproject.toml requirements.txt
	@if [ ! -x $(BIN)/python ]; then \
	  for candidate in $(PYTHONS); do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	    then python="$$candidate"; break; fi; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "kmspec needs Python 3.11 or newer on PATH; install it or run: make PYTHON=/path/to/python3"; \
	    exit 1; \
	  fi; \
	  "$$python" -m venv .venv; \
	fi
	@echo "installing kmspec into .venv"
	@$(BIN)/python -m pip install -qq --disable-pip-version-check \
	  --constraint requirements.txt --editable '.[test,bench]'
	@touch $(STAMP)

run: setup
	@$(BIN)/kmspec conform

test: setup debian
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2

# The HSMs and the database of the tests: on a bare Debian or Ubuntu machine, fetch them.
debian:
	@if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  missing=""; \
	  [ -e /usr/lib/softhsm/libsofthsm2.so ] || missing="softhsm2"; \
	  [ -n "$$(command -v initdb || ls /usr/lib/postgresql/*/bin/initdb 2>/dev/null)" ] || \
	    missing="$$missing postgresql"; \
	  [ -z "$$missing" ] || \
	    { apt-get update && apt-get install --yes --no-install-recommends $$missing; } \
	      >/dev/null 2>&1 || \
	    echo "could not be installed: $$missing; the tests that need them will be skipped"; \
	fi

fuzz: setup
	@$(BIN)/python -m tests.fuzz.run

power: setup
	@$(BIN)/python -m tests.power.run $(or $(FILE),power.jsonl)

crash: setup
	@$(BIN)/python -m tests.crash.run

soak: setup
	@$(BIN)/python -m tests.soak.run

campaign: setup
	@$(BIN)/python -m tests.campaigns.run

# PEERS="NAME=URL ..." are emulators that run already, ARGS what benchmarks/run.py takes.
bench: setup
	@$(BIN)/python -m benchmarks.run --peers "$(PEERS)" $(ARGS)

clean:
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis \
	  .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
