# Bare `make` lists the targets.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLER := build/sample/dcos_generate_config.sh
# Integration tests wait more than they compute.
WORKERS ?= 4

.DEFAULT_GOAL := help
.PHONY: help quickstart test unit lint format engine venv golden tour bench faults soak load images remote clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

quickstart: engine ## From nothing to a running cluster of four nodes, with a stand-in for DC/OS
	@scripts/quickstart.sh $(BIN)/dcos-docker $(INSTALLER)

test: engine lint ## Set up what tests need, and run all of them
	@scripts/test-programs.sh
	$(BIN)/pytest -n $(WORKERS) --dist loadgroup --durations 30
	$(BIN)/pytest -m alone

unit: venv ## Run the tests that need no engine
	$(BIN)/pytest -n $(WORKERS) tests/unit tests/cli -m "not engine"

lint: venv ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: venv ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

engine: venv ## Use the Docker engine that answers, or install and start one (Debian, Ubuntu)
	@$(BIN)/python scripts/engine.py

venv: $(BIN)/.installed ## Make the environment in .venv

$(BIN)/.installed: setup.cfg pyproject.toml dcos_docker_cli/__init__.py scripts/venv.sh
	@scripts/venv.sh $(PYTHON) $(VENV)
	@touch $@

golden: venv ## Write the expected help texts, the completion scripts and docs/cli.md anew
	$(BIN)/python scripts/golden.py

tour: engine ## Run the tour of the README, and write down there what its commands print
	$(BIN)/python scripts/tour.py

bench: engine ## Measure the commands beside what the engine itself needs (BENCH="--quick": see that it works)
	$(BIN)/python -m benchmarks $(or $(BENCH),--write)

faults: engine ## Put every fault at every call to an engine, and write down what comes of it (an hour)
	$(BIN)/python -m tests.faults.matrix
	$(BIN)/pytest -m faults

images: engine ## Build an image of every distribution, in every way, and run nodes of them (minutes)
	$(BIN)/pytest -m images

remote: engine ## Run the integration tests with an engine elsewhere (KIND=tls, ssh, context, docker-26 or dind; half an hour)
	$(BIN)/python -m tests.remote $(or $(KIND),tls)

soak: engine ## Have clusters come and go for an hour, and see that nothing grows (SOAK="--minutes 5")
	$(BIN)/python -m tests.faults.soak $(SOAK)

load: engine ## Measure what 50 nodes, and 100 clusters, cost (ten minutes)
	$(BIN)/python -m tests.faults.load

clean: ## Remove the environment and what tools have cached here
	rm -rf $(VENV) build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
