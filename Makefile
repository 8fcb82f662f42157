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

.PHONY: generate check-generated
generate: install ## Make everything that follows from proto/: messages, stubs, routes, openapi.json
	@scripts/generate.sh
check-generated: install ## Fail if what is committed is not what `make generate` makes
	@scripts/check-generated.sh

.PHONY: test test-end-to-end
test: build ## Run all tests, against a real PostgreSQL, Redis and S3 server of their own
	@scripts/test.sh
test-end-to-end: build ## Only those of the whole: REST, RPC, the command line, S3
	@scripts/test.sh --end-to-end

.PHONY: drilltest
drilltest: build ## Restart, kill and deprive a running stack under 500 calls/s: no call is lost
	@scripts/drilltest.sh

.PHONY: webtest
webtest: build ## Drive the pages in a headless Chromium, which it installs; screenshots go to .jetty/webtest
	@scripts/webtest.sh

.PHONY: attack
attack: install ## Attack both servers in every known way, SECONDS=60 each (ATTACK=ping: only those so named)
	@scripts/attack.sh "$(or $(SECONDS),60)" "$(ATTACK)"

.PHONY: fuzz
fuzz: install ## Fuzz what reads peers' bytes, SECONDS=60 for each target (TARGET=http1: only that one)
	@scripts/fuzz.sh "$(or $(SECONDS),60)" $(TARGET)

.PHONY: sanitize
sanitize: install ## Tests with SANITIZER=address or thread (SUITES="RPCTests HTTP1Tests": only those)
	@scripts/sanitize.sh "$(or $(SANITIZER),address)" $(SUITES)

.PHONY: soak
soak: install ## Half load on both servers for MINUTES=30: nothing may grow
	@scripts/soak.sh "$(or $(MINUTES),30)"

.PHONY: check
check: lint test ## lint and test

.PHONY: ci
ci: ## What CI runs: install, lint, check-generated, build, test, drilltest, k8s-validate, webtest
	@scripts/ci.sh

.PHONY: run
run: build ## Run the whole platform in the foreground; Ctrl-C stops it
	@exec scripts/stack.sh run

.PHONY: up down status reset
up: build ## The same in the background; writes .jetty/env (TLS=1: mTLS and HTTPS; REPLICAS=2: two of each service)
	@scripts/stack.sh up
down: ## Stop it
	@scripts/stack.sh down
status: ## What of it runs
	@scripts/stack.sh status
reset: ## Stop it and delete its database, objects and keys
	@scripts/stack.sh reset

.PHONY: demo
demo: build ## Show it: upload 1 GiB, fetch it back, find the duplicate, resume a killed upload (FILE=path: any file)
	@scripts/demo.sh $(if $(FILE),"$(FILE)")

.PHONY: k8s-validate
k8s-validate: build ## Render k8s/overlays, check what comes out, start every program as its manifest says
	@scripts/k8s-validate.sh

.PHONY: clean
clean: reset ## Delete everything that was built or installed here
	rm -rf .build .jetty Tests/Conformance/.build Tests/Conformance/.certificates

.PHONY: conformance conformance-grpc-swift
conformance: install ## Hold the RPC runtime to gRPC and HTTP/2: interoperability, misbehaving peers, malformed input (docs/CONFORMANCE.md)
	@scripts/conformance.sh
conformance-grpc-swift: install ## The same with grpc-swift-2 as one more peer, whose build takes about half an hour
	@scripts/conformance.sh --grpc-swift

.PHONY: bench
bench: build ## Measure the platform against its goals
	@scripts/bench.sh

.PHONY: bench-rpc bench-rpc-grpc-swift
bench-rpc: install ## Measure the RPC runtime beside gRPC C++, grpc-go, grpcio and nghttpd (QUICK=1: 3 minutes; Benchmarks/README.md)
	@scripts/bench-rpc.sh
bench-rpc-grpc-swift: install ## Build grpc-swift-2 as one more peer, about half an hour
	@scripts/bench-rpc.sh --grpc-swift
