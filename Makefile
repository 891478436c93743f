# make up | test | lint | train MODEL=person | requirements | clean
# Settings come from the environment: PORT=9000 WORKERS=2 make up

PYTHON ?= python3
VENV := .venv
PY := $(VENV)/bin/python
PACKAGES := deploy jobs models web worker

.PHONY: up test lint train requirements clean

up: ; @$(PYTHON) deploy/install.py up && exec $(PY) -m deploy.up

test: ; @$(PYTHON) deploy/install.py dev && exec $(PY) -m deploy.check

lint:
	@$(PYTHON) deploy/install.py dev
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy $(PACKAGES)
	$(VENV)/bin/lint-imports
