# The words that people and CI use alike; `make help` lists them.
PYTHON ?= python3
ENV ?= local
PORT ?= 4566
MODELS ?= spam
BIN := .venv/bin
MLP := $(BIN)/python -m mlp
ALLOWED = $(foreach name,$(ALLOW_REPLACEMENT),--allow-replacement $(name))
CDK := $(BIN)/python -m mlp.deployment.cdk_cli

.DEFAULT_GOAL := help
.PHONY: help setup platform lock demo up down test test-sdk check synth bootstrap plan deploy destroy schema snapshots bench clean

help: ## list these commands
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1|/' | column -t -s '|'

setup: ## install everything that tests and checks need, into this folder only
	@$(PYTHON) tools/setup.py all

platform:
	@$(PYTHON) tools/setup.py demo

demo: platform ## set up, deploy to the embedded AWS, train, release, predict; MODELS=all runs all six use cases
	@$(MLP) demo --port $(PORT) --models "$(MODELS)"

up: platform ## start the embedded AWS and deploy config/$(ENV).yaml to it
	@$(MLP) up --env $(ENV) --port $(PORT)

down: ## stop the embedded AWS and all that it started
	@if ls .venv/ready-* > /dev/null 2>&1; then $(MLP) down; else echo "Nothing was running."; fi

test: setup ## all tests; the ones under tests/local start an embedded AWS of their own
	@$(BIN)/python -m pytest -q

test-sdk: setup ## the SageMaker Python SDK in a notebook's place, in an environment of its own (1 GB)
	@$(PYTHON) tools/setup.py sdk
	@.venv-sdk/bin/python -m pytest -q tests/sdk

check: setup ## everything that must hold before a commit: style, types, imports, schema, shell, tests
	@$(BIN)/ruff check . && $(BIN)/ruff format --check .
	@$(BIN)/mypy
	@PYTHONPATH=constructs:lambda:. $(BIN)/lint-imports
	@$(BIN)/shellcheck .ci/run tools/mlp notebook/on_start.sh local_aws/sagemaker/notebooks/change_user.sh
	@$(BIN)/python -m settings.schema --check
	@$(BIN)/python tools/lock.py --check
	@$(BIN)/python -m pytest -q

lock: setup ## write the locks anew from pyproject.toml; UPGRADE=--upgrade takes the newest versions that fit
	@$(BIN)/python tools/lock.py $(UPGRADE)

synth: platform ## write the CloudFormation templates of config/$(ENV).yaml to cdk.out/$(ENV)
	@$(CDK) synth --quiet -c env=$(ENV) --output cdk.out/$(ENV)

bootstrap: platform ## prepare the AWS account and region of config/$(ENV).yaml for the CDK, once
	@$(CDK) bootstrap -c env=$(ENV)

plan: platform ## say what deploying config/$(ENV).yaml would change, and what becomes of each notebook
	@$(MLP) plan --env $(ENV)

deploy: platform ## deploy config/$(ENV).yaml to the AWS account of your credentials; notebooks are replaced only if ALLOW_REPLACEMENT="NAME ..." names them
	@if [ "$(ENV)" = local ]; then $(MLP) up --env local --port $(PORT) $(ALLOWED); else \
		$(MLP) plan --env $(ENV) --check $(ALLOWED) --output cdk.out/$(ENV) && $(CDK) deploy --all --app cdk.out/$(ENV); fi

destroy: platform ## delete the stacks of config/$(ENV).yaml; data is kept unless the configuration has both keys to destroy it
	@if [ "$(ENV)" = local ]; then $(MLP) down; else $(CDK) destroy --all -c env=$(ENV) --output cdk.out/$(ENV); fi

schema: setup ## write the schemas under config/ and docs/configuration.md anew from the settings
	@$(BIN)/python -m settings.schema

snapshots: setup ## write tests/snapshot anew, after a change of the templates that is meant
	@UPDATE_SNAPSHOTS=1 $(BIN)/python -m pytest -q tests/snapshot tests/compliance

bench: setup ## measure the figures of docs/performance.md
	@$(BIN)/python -m bench

clean: down ## remove what setup and runs have made
	@rm -rf .venv .venv-sdk node_modules cdk.out .local
