# Thin over scripts/, which can be run without make.
.DEFAULT_GOAL := help
.PHONY: help demo run test ci nightly fmt lint bench eval

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-7s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build, start on SQLite offline, index the samples, ask three questions, keep serving
	scripts/demo

run: ## Build and serve with the settings of the environment and .env
	scripts/run

test: ## All tests, against a private PostgreSQL and Redis
	scripts/test

ci: ## What CI runs
	scripts/ci

nightly: ## What takes too long for every push: long histories of the ledger, many writers
	scripts/nightly

fmt: ## Format the code
	cargo fmt --all

lint: ## Formatting, shell scripts and clippy
	scripts/lint

bench: ## Ratios against bare poem, in a release build (docs/benchmarks.md)
	scripts/bench

eval: ## Hit rates of retrieval over manuals that Debian ships (docs/retrieval.md)
	scripts/eval
