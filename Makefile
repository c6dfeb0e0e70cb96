# Thin over scripts/, which can be run without make.
.DEFAULT_GOAL := help
.PHONY: help demo run test ci nightly fmt lint bench eval
.PHONY: secrets prod-up prod-down logs backup restore smoke
.PHONY: rolling-restart rotate-secrets rotate-passwords

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: ## Build, start on SQLite offline, index the samples, ask three questions, keep serving
	scripts/demo

run: ## Build and serve with the settings of the environment and .env
	scripts/run

test: ## All tests, against a private PostgreSQL and Redis
	scripts/test

ci: ## What CI runs
	scripts/ci

nightly: ## What takes too long for CI: long histories, many writers, the image as it is built
	scripts/nightly

fmt: ## Format the code
	cargo fmt --all

lint: ## Formatting, shell scripts and clippy
	scripts/lint

bench: ## Ratios against bare poem, in a release build (docs/benchmarks.md)
	scripts/bench

eval: ## Hit rates of retrieval over manuals that Debian ships (docs/retrieval.md)
	scripts/eval

secrets: ## Make what is missing of the production house's secrets (docs/operations.md)
	scripts/secrets init

prod-up: ## Build and start the production house, and ask it from outside
	scripts/secrets check
	scripts/compose up --build --detach
	@# Servers may have other addresses now; a proxy that is only starting has them.
	-scripts/compose exec -T proxy nginx -s reload -c /tmp/binnacle-proxy/nginx.conf
	scripts/smoke

prod-down: ## Stop the production house; its data stays
	scripts/compose down

logs: ## Follow the production house's logs
	scripts/compose logs --follow --tail 100

backup: ## Take a backup of the production house now, and read it back
	scripts/compose exec -T backup backup-daily once

restore: ## Put a backup back: make restore FROM=2026-11-21T021500Z
	scripts/restore "$(FROM)"

smoke: ## Ask the production house from outside whether it is up, and shut where it must be
	scripts/smoke

rolling-restart: ## Start servers and workers again, one after another, serving on
	scripts/roll

rotate-secrets: ## Change the signing secret and the metrics token, serving on
	scripts/secrets announce
	scripts/roll
	scripts/secrets rotate
	scripts/roll
	scripts/roll prometheus

rotate-passwords: ## Change the passwords of PostgreSQL and Redis, serving on
	scripts/secrets passwords
	scripts/roll
	scripts/secrets passwords-done
