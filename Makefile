# The two commands: `make run` and `make test`. `make help` lists the rest.

PYTHON_IN_VENV := .venv/bin/python
MANAGE := $(PYTHON_IN_VENV) manage.py
# One worker a core; every file stays on one worker, so that a class makes its rows once.
WORKERS ?= 2
# More arguments for pytest: make test ARGS="-k sign_in"
ARGS ?=

.DEFAULT_GOAL := help
.PHONY: run test check bench figures demo help requirements sbom audit screenshots \
	venv venv-dev format-check lint insecure types templates-check migrations-check deploy-check js-check

run: venv ## Start AuthNode on this machine (HOST, PORT; TLS=1 for https on the network)
	@scripts/database
	@scripts/static-files
	@exec $(PYTHON_IN_VENV) -m authnode.serve

test: venv-dev ## Run every test that can run here (ARGS="..." goes to pytest)
	@scripts/test-programs
	@scripts/node-tests; in_node=$$?; \
	$(PYTHON_IN_VENV) -m pytest -n $(WORKERS) --dist loadfile -rfEs $(ARGS) && exit $$in_node

check: format-check lint insecure types templates-check migrations-check deploy-check js-check ## Format, lint, insecure code, types, templates, migrations, deployment, JavaScript

bench: venv-dev ## Measure what people wait for, and write docs/performance.md (BENCHES="vault codes" for some)
	@scripts/benches

figures: venv-dev ## The heavy checks with the large numbers (minutes to hours)
	@scripts/test-programs
	@AUTHNODE_FIGURES=1 $(PYTHON_IN_VENV) -m pytest -m figures --timeout 0 -s -rfEs $(ARGS) || [ $$? = 5 ]

demo: venv ## Make a demo user with a few dozen codes and a month of sign-ins
	@scripts/database
	@$(MANAGE) demo

requirements: venv-dev ## Pin requirements.in and requirements-dev.in again, with hashes
	@scripts/pin-requirements --upgrade

sbom: ## List the parts of AuthNode with their hashes in var/sbom.json (CycloneDX)
	@python3 scripts/sbom

audit: ## Ask a database of advisories (OSV, or AUDIT_URL) about the pinned packages
	@python3 scripts/audit

screenshots: venv-dev ## Take the pictures of the documents anew
	@scripts/screenshots

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv:
	@scripts/virtualenv requirements.txt
	@scripts/system-libraries

venv-dev:
	@scripts/virtualenv requirements.txt requirements-dev.txt
	@scripts/system-libraries

format-check: venv-dev
	$(PYTHON_IN_VENV) -m ruff format --check .

lint: venv-dev
	$(PYTHON_IN_VENV) -m ruff check .

insecure: venv-dev
	$(PYTHON_IN_VENV) -m bandit --quiet --configfile pyproject.toml --recursive .

types: venv-dev
	$(PYTHON_IN_VENV) -m mypy .

templates-check: venv-dev
	$(PYTHON_IN_VENV) -m djlint --lint --quiet templates

migrations-check: venv-dev
	DJANGO_SETTINGS_MODULE=authnode.test_settings $(MANAGE) makemigrations --check --dry-run

deploy-check: venv-dev
	@scripts/deploy-check

js-check:
	@scripts/node-tests
