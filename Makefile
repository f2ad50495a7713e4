# Every target sets up what it needs; `make help` lists them.

ENV ?= dev
PYTHON ?= python3

export PYTHONDONTWRITEBYTECODE :=
export ENVIRONMENT_SUFFIX = $(ENV)
export JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION ?= 20

# What a company's machine or a container may have set, and what no target is meant to follow.
unexport CDKTF_OUTDIR PYTHONSAFEPATH
export PIP_USER := 0
ifneq ($(shell test -w "$$HOME" && echo writable),writable)
export JSII_RUNTIME_PACKAGE_CACHE_ROOT ?= $(CURDIR)/build/cache/jsii
export npm_config_cache ?= $(CURDIR)/build/cache/npm
endif

BIN := .venv/bin
SETUP = PYTHONPATH=cli:dev $(PYTHON) -B -m project_setup
# Tests that wait for the provider and the local cloud run beside those that compute; the former come first.
BESIDE = -n 4 --dist loadfile --no-loadscope-reorder
STACK = cdktf.out/stacks/inventory-$(ENV)

.DEFAULT_GOAL := help
.PHONY: help setup setup-node setup-policy setup-terraform demo check test local-up local-down synth connect \
	plan review apply deploy destroy bench agreement scale faults stats trace format lint types lock providers-lock \
	python3-present

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)
	@printf '\n  ENV=<environment> chooses one of dev (default), staging and prod, or a name of your own.\n'

python3-present:
	@command -v $(PYTHON) >/dev/null || { echo 'error: python3 is missing: install Python 3.11 to 3.13' >&2; exit 1; }

setup: python3-present ## Install what the lock names into .venv (quick when nothing changed)
	@$(SETUP) python

setup-terraform: setup
	@$(SETUP) terraform

setup-policy: setup
	@$(SETUP) policy

setup-node: setup-terraform
	@$(SETUP) node

demo: setup-terraform ## The whole story on this machine; KEEP=1 leaves the local cloud running
	@$(BIN)/python -m local_cloud demo $(if $(KEEP),--keep)

local-up: setup-terraform ## Start the local cloud with the stack applied
	@$(BIN)/python -m local_cloud up

local-down: setup ## Stop the local cloud and discard it
	@$(BIN)/python -m local_cloud down

synth: setup ## Write cdktf.out/stacks/inventory-<ENV>/cdk.tf.json
	@$(BIN)/python main.py
	@echo $(STACK)/cdk.tf.json

connect: setup-terraform synth ## Let `inventory --env <ENV>` find what is deployed, from this checkout
	@$(BIN)/python -m terraform_runner terraform $(STACK) init -input=false

plan: connect ## Show what `make deploy` would change
	@$(BIN)/python -m terraform_runner terraform $(STACK) plan -input=false

review: setup-terraform setup-policy synth ## Plan and judge the changes
	@$(BIN)/inventory review --env $(ENV)

apply: setup-terraform ## Apply the plan that `make review` judged, and no other
	@$(BIN)/inventory apply --env $(ENV)

deploy: setup-node synth ## Deploy with the pinned CDKTF CLI, after asking
	@$(BIN)/python -m terraform_runner deploy $(STACK)

destroy: setup-node synth ## Remove everything that was deployed, after asking
	@$(BIN)/python -m terraform_runner destroy $(STACK)

check: lint types ## Run the checks for every edit: no Node, no local cloud, a minute or so
	@$(BIN)/python -m pytest tests/unit -m 'not slow' -n auto --dist loadfile

test: setup-node setup-policy lint types ## Run every check, and name the ten slowest tests
	@$(SETUP) witnesses successor pythons
	@$(SETUP) browser
	@$(BIN)/python -m pytest $(BESIDE) --durations=10

bench: setup-terraform ## Measure; writes build/bench.json
	@$(BIN)/python -m bench

agreement: setup ## Compare the ratios of build/bench.json with those of FIRST, an earlier copy
	@$(BIN)/python -m bench.agreement $(FIRST)

scale: setup-terraform ## Load a file of 300 MB on the local cloud (half an hour)
	@$(BIN)/python -m bench scale_files

faults: setup-terraform ## Run the fault campaign; writes build/faults.json
	@$(SETUP) peers
	@$(BIN)/python -m faults

stats: setup ## Count lines, exceptions and complexity by room; WRITE=1 puts them into CONTRIBUTING.md
	@$(BIN)/python dev/code_stats.py $(if $(WRITE),--write)

trace: setup ## List the functions that one row goes through, by module
	@$(BIN)/python dev/code_stats.py --trace

format: setup ## Format the code
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix --quiet . || true

lint: setup ## Check format, rules and the direction of imports
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/lint-imports

types: setup ## Check types
	@$(BIN)/mypy

lock: setup ## Lock the newest allowed versions, naming no package index
	@build/tools/pipenv/bin/pipenv lock
	@PIPENV_PIPFILE=policy/Pipfile build/tools/pipenv/bin/pipenv lock
	@PIPENV_PIPFILE=tests/witnesses/Pipfile build/tools/pipenv/bin/pipenv lock
	@npm install --package-lock-only --omit-lockfile-registry-resolved --no-audit --no-fund
	@$(BIN)/python dev/clean_lock.py

providers-lock: setup-terraform synth ## Lock the newest allowed AWS provider, with its hashes
	@PYTHONPATH=. $(BIN)/python dev/provider_lock.py $(STACK)
