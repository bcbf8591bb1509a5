# ztportal: set up, run, test and check. `make help` lists everything.

PORT ?= 8000
HOST ?= 127.0.0.1
ARGS ?=
WORKERS ?= 2

VENV := .venv
PY := $(VENV)/bin/python
CACHE := .cache
PYTHON ?= $(shell for p in python3.11 python3.12 python3.13 python3.14 python3 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
PIP := $(PY) -m pip install -qq --disable-pip-version-check --no-input --no-compile --no-deps --require-hashes -r
BASE := $(VENV)/.base-installed
DEV := $(VENV)/.dev-installed
MLFLOW := $(CACHE)/mlflow

# The demo and the checks are the embedded default, whatever database this shell may point to.
EMBEDDED := env -u DATABASE_URL -u REDIS_URL
CHECKING := $(EMBEDDED) ZTPORTAL_DATA_DIR=$(CACHE)/check
# Tests choose a folder of their own, never the one of the demo.
TESTING := $(EMBEDDED) -u ZTPORTAL_DATA_DIR -u ZTPORTAL_ORIGIN
ZTPORTAL_DATA_DIR ?= var
ZTPORTAL_ORIGIN ?= http://localhost:$(PORT)
export ZTPORTAL_DATA_DIR ZTPORTAL_ORIGIN

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo demo-reset dev setup setup-dev frontend test test-postgresql mlflow-peer check format race bench screenshots lock clean

help:  ## list the commands
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@echo "  variables: PORT=$(PORT) HOST=$(HOST) ZTPORTAL_DATA_DIR=$(ZTPORTAL_DATA_DIR) ARGS=\"further words for test, race, bench\""

# ------------------------------------------------------------------ run
demo: $(BASE) frontend  ## start the portal with the sample organisation; keeps what was changed
	@$(EMBEDDED) $(PY) -m ztportal.prepare --sample
	@exec $(EMBEDDED) $(PY) -m ztportal.serve --host $(HOST) --port $(PORT)

demo-reset:  ## forget the demo's data; the next `make demo` starts over
	rm -rf -- "$(ZTPORTAL_DATA_DIR)"/ztportal.sqlite3* "$(ZTPORTAL_DATA_DIR)/uploads" "$(ZTPORTAL_DATA_DIR)/notary" \
		"$(ZTPORTAL_DATA_DIR)/audit-emergency.jsonl" "$(ZTPORTAL_DATA_DIR)/sample"

dev: $(DEV) frontend  ## the same, with DEBUG on and a restart after every change of the code
	@$(EMBEDDED) $(PY) -m ztportal.prepare
	@$(EMBEDDED) ZTPORTAL_DEBUG=1 $(PY) -m ztportal.serve --host $(HOST) --port $(PORT) --reload

# --------------------------------------------------------------- set up
setup: $(BASE)  ## prepare .venv with what the portal needs

setup-dev: $(DEV)  ## the same, with the development tools

$(PY):
	@if [ -z "$(PYTHON)" ]; then echo "ztportal needs Python 3.11 or newer; none was found (or set PYTHON=...)." >&2; exit 1; fi
	@"$(PYTHON)" -m venv $(VENV) || { rm -rf $(VENV); \
		echo "This Python cannot make environments; on Debian and Ubuntu the package python3-venv is missing." >&2; exit 1; }

$(BASE): requirements/base.txt | $(PY)
	@echo "installing what the portal needs into $(VENV) ..."
	@$(PIP) requirements/base.txt
	@touch $@

$(DEV): requirements/dev.txt | $(PY)
	@echo "installing the development tools into $(VENV) ..."
	@$(PIP) requirements/dev.txt
	@touch $(BASE) $@

frontend: | $(PY)  ## fetch and prepare the chart library (only when its lock changed)
	@$(PY) scripts/build_frontend.py

# --------------------------------------------------------------- verify
test: $(DEV) frontend  ## run the tests
	$(TESTING) $(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

test-postgresql: $(DEV) frontend  ## run them on PostgreSQL (ZTPORTAL_TEST_DATABASE_URL) instead of SQLite
	$(TESTING) ZTPORTAL_TEST_ON=postgresql $(PY) -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

mlflow-peer: $(MLFLOW)/.installed  ## an MLflow server in an environment of its own (620 MB); set ZTPORTAL_MLFLOW_PEER=.cache/mlflow

$(MLFLOW)/.installed: requirements/mlflow.txt | $(PY)
	@echo "installing MLflow for its tests into $(MLFLOW) ..."
	@rm -rf -- $(MLFLOW) && $(PY) -m venv $(MLFLOW)
	@$(MLFLOW)/bin/python -m pip install -qq --disable-pip-version-check --no-input --no-compile --no-deps --require-hashes -r $<
	@touch $@

check: $(DEV) frontend  ## the static gate: style, types, floors, templates, migrations, house rules
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(CHECKING) $(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m djlint templates --lint --quiet
	$(CHECKING) $(PY) manage.py makemigrations --check --dry-run
	$(PY) scripts/check_locks.py
	$(TESTING) $(PY) -m pytest tests/architecture --quiet

format: $(DEV)  ## let ruff put the code in order
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

race: $(DEV)  ## 10,000 schedules of concurrent commands on PostgreSQL
	$(TESTING) ZTPORTAL_RACES=10000 $(PY) -m pytest -m race $(ARGS)

bench: $(DEV)  ## benchmarks, each as a ratio within one run
	$(PY) -m bench $(ARGS)

screenshots: $(DEV) frontend  ## a picture of every page, light and dark, wide and narrow, in screenshots/
	$(EMBEDDED) $(PY) scripts/screenshots.py $(ARGS)

# ----------------------------------------------------------------- keep
LOCK = $(CACHE)/uv/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

lock: | $(CACHE)/uv/bin/uv  ## renew the lock files from pyproject.toml and package.json
	$(LOCK) $(ARGS) pyproject.toml -o requirements/base.txt
	$(LOCK) $(ARGS) pyproject.toml --group dev --constraint requirements/base.txt -o requirements/dev.txt
	$(LOCK) $(ARGS) --group node -o requirements/node.txt
	$(LOCK) $(ARGS) --group mlflow -o requirements/mlflow.txt
	npm install --package-lock-only --ignore-scripts
	$(PY) scripts/check_locks.py

$(CACHE)/uv/bin/uv: | $(PY)
	@$(PY) -m venv $(CACHE)/uv && $(CACHE)/uv/bin/python -m pip install -qq --disable-pip-version-check "uv>=0.13"

clean:  ## remove environments, caches and built files; the portal's data stays
	rm -rf -- $(VENV) $(CACHE) node_modules static_build static_root .mypy_cache .ruff_cache .pytest_cache .hypothesis
