# One command set for people and for CI. `make` alone: the check to run before a commit.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := check
MAKEFLAGS += --no-print-directory

.PHONY: help
help: ## This list
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: install
install: ## Install what is missing: Debian packages, a Python environment with PostgreSQL
	@scripts/install.sh

.PHONY: build
build: install ## Build everything for use (release)
	@scripts/build.sh

.PHONY: lint
lint: ## Check layers, sizes and style
	@scripts/lint.sh

.PHONY: test
test: install ## Run all tests, against a real PostgreSQL, Redis and S3 server of their own
	@scripts/test.sh

.PHONY: check
check: lint test ## lint and test

.PHONY: ci
ci: ## What CI runs: install, lint, check-generated, build, test
	@scripts/ci.sh

.PHONY: run
run: install ## Run the whole platform in the foreground; Ctrl-C stops it
	@exec scripts/stack.sh run

.PHONY: up down status reset
up: install ## The same in the background; writes .jetty/env
	@scripts/stack.sh up
down: ## Stop it
	@scripts/stack.sh down
status: ## What of it runs
	@scripts/stack.sh status
reset: ## Stop it and delete its database, objects and keys
	@scripts/stack.sh reset
