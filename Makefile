# `make help` says what each target does. CI runs `make check` and `make test`.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup constraints demo provide test check format bench-phone bench-fleet bench-takeover bench-celery-storm bench-gateway bench-hostile bench-bodies bench-lists bench-records seed-ledger bench-export bench-console bench-dispatch bench-guard bench-monitor bench-drift bench-shelf bench-read bench-growth fuzz-api openapi docs chaos chaos-redis chaos-hosts chaos-sentinel conformance clean

PYTHON ?=
PHONES ?= 100
TASKS ?= 2000
FAULTS ?= 300
TRIALS ?= 100
SEED ?= 1
EXAMPLES ?= 200
ROWS ?= 1000000
# Three processes more than processors: the long tests mostly wait. Two of five take these, and the others yield to them.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); echo $$(( n < 2 ? 4 : n > 8 ? 11 : n + 3 )))
ARGS ?=
# Compiled once for all of the processes that a target starts, whatever the caller prefers for single commands.
unexport PYTHONDONTWRITEBYTECODE
BIN := .venv/bin
SETUP := PYTHON='$(PYTHON)' scripts/setup.sh
# what lints and tests, and what tests with MariaDB
TOOLS := WITH_TESTS=1 $(SETUP)
SERVED := WITH_MYSQL=1 $(TOOLS)

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-18s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: ## Make .venv and install phonefleet into it (no root; PYTHON=... names the Python to take)
	@$(SETUP)

constraints: setup ## Take up the newest releases: write constraints/ anew
	@scripts/constraints.sh

demo: ## Run the operator's standard day on 8 simulated phones
	@WITH_MYSQL=0 $(SETUP)
	@$(BIN)/phonefleet demo $(ARGS)

provide: ## Install the servers that the tests need (root), or say what is missing
	@scripts/provide.sh

test: provide ## Run all tests, servers included (ARGS='-k word' to choose, JOBS=... processes)
	@$(SERVED)
	@$(BIN)/python -m pytest -n $(JOBS) --dist loadfile --no-loadscope-reorder $(ARGS)

check: ## Lint, formatting, types, and which room may import which
	@$(TOOLS)
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

format: ## Format the code and mend what the linter can mend
	@$(TOOLS)
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench-phone: ## Cost of a dump and a click, stock uiautomator2 beside ours
	@$(TOOLS)
	@$(BIN)/python -m benchmarks.phone $(ARGS)

bench-read: ## Comments a minute and calls a comment by the flow, beside usual uiautomator2 scripts, on phones as slow as real ones (ARGS='--videos 2')
	@$(TOOLS)
	@$(BIN)/python -m benchmarks.read $(ARGS)

bench-fleet: provide ## What a phone costs at rest and after work: memory beside a stock worker, CPU, statements (PHONES=100, ARGS='--hosts 2')
	@$(SERVED)
	@$(BIN)/python -m benchmarks.fleet --phones $(PHONES) $(ARGS)

bench-takeover: provide ## Time from each kind of death to another phone, and from a stop to the last touch (TRIALS=100)
	@$(SERVED)
	@$(BIN)/python -m benchmarks.takeover --trials $(TRIALS) $(ARGS)

bench-dispatch: TASKS = 1000
bench-dispatch: ## Tasks a second and the time until one begins, phonefleet beside Celery and five others (TASKS=1000, ARGS='--peers rq')
	@WITH_PEERS=1 scripts/provide.sh
	@$(SERVED)
	@benchmarks/peers/set_up.sh
	@$(BIN)/python -m benchmarks.dispatch --tasks $(TASKS) $(ARGS)

bench-guard: provide ## What a quick task costs now, beside Celery in the same run, held to the committed figures of bench-dispatch; CI runs it
	@$(SERVED)
	@$(BIN)/python -m benchmarks.guard

bench-celery-storm: TASKS = 300
bench-celery-storm: PHONES = 12
bench-celery-storm: FAULTS = 60
bench-celery-storm: provide ## The same storm over phonefleet and over stock Celery (TASKS=300 PHONES=12 FAULTS=60 SEED=1)
	@$(SERVED)
	@$(BIN)/python -m benchmarks.celery_storm --tasks $(TASKS) --phones $(PHONES) --faults $(FAULTS) --seed $(SEED) $(ARGS)

docs: ## Make a site of the documents in var/docs, without the network (ARGS=serve: read it on loopback while you write)
	@WITH_DOCS=1 WITH_MYSQL=0 $(SETUP)
	@NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs $(or $(ARGS),build --strict)

openapi: setup ## Write docs/interface/openapi.json anew from the code
	@$(BIN)/python -m gateway.api.document

fuzz-api: provide ## Ask the API whatever its document allows, and what it does not (EXAMPLES=200 for each operation)
	@$(SERVED)
	@$(BIN)/python -m tests.gateway.api.fuzz --examples $(EXAMPLES) $(ARGS)

bench-gateway: provide ## Submit, status and callbacks of the gateway beside bare routes
	@$(SERVED)
	@$(BIN)/python -m benchmarks.gateway $(ARGS)

bench-hostile: PHONES = 8
bench-hostile: provide ## One customer's standard campaign, alone and beside one who attacks in every way (PHONES=8, ARGS='--seconds 60')
	@$(SERVED)
	@$(BIN)/python -m benchmarks.hostile --phones $(PHONES) $(ARGS)

bench-bodies: provide ## CPU time of the costliest bodies that a customer can send (ARGS='--runs 3')
	@$(SERVED)
	@$(BIN)/python -m benchmarks.bodies $(ARGS)

bench-lists: provide ## Pages of customers' lists at 10,000 and at a million tasks, by every filter and every two
	@$(SERVED)
	@$(BIN)/python -m benchmarks.lists $(ARGS)

seed-ledger: setup ## Fill the ledger at PHONEFLEET_DATABASE_URL with records of a year (ROWS=1000000)
	@WITH_MYSQL=1 $(SETUP)
	@$(BIN)/python -m benchmarks.seed --rows $(ROWS)

bench-records: provide ## Pages and totals of records by every filter and every two, at 100,000 and at ROWS=1000000
	@$(SERVED)
	@$(BIN)/python -m benchmarks.records --rows $(ROWS) $(ARGS)

bench-growth: provide ## Dispatch, claim, record, janitors, status, caps, lists with 10,000 and a million ended tasks (ROWS=1000000 records)
	@$(SERVED)
	@$(BIN)/python -m benchmarks.growth --rows $(ROWS) $(ARGS)

bench-export: ## A workbook of 500,000 rows by the default writer beside others, and a whole export (ARGS='--rows 50000')
	@$(TOOLS)
	@$(BIN)/python -m benchmarks.export $(ARGS)

bench-monitor: provide ## 5,000 words in 10,000 comments, 1,000 looks planted, and the time from a change to its alert
	@$(SERVED)
	@$(BIN)/python -m benchmarks.monitor $(ARGS)

bench-drift: SEEDS = 20
bench-drift: ## Both practice apps read after updates drawn by seeds, before and after the proposed patch (SEEDS=20, ARGS='--first 101')
	@$(TOOLS)
	@$(BIN)/python -m benchmarks.drift --seeds $(SEEDS) $(ARGS)

bench-shelf: PHONES = 200
bench-shelf: ## A drawn day of 200 phones, of 1,000 and of 10,000 by the product's decisions, beside its lower bound and today's practice (ARGS=--told)
	@$(TOOLS)
	@$(BIN)/python -m benchmarks.shelf --phones $(PHONES) $(ARGS)

bench-console: PHONES = 200
bench-console: provide ## Weight and first paint of the console's pages, an update, and the CPU time of 20 tabs (PHONES=200)
	@$(SERVED)
	@$(BIN)/python -m benchmarks.console --phones $(PHONES) $(ARGS)

chaos: PHONES = 40
chaos: provide ## Storm a real fleet with faults and judge it by the ground truth (TASKS=2000 PHONES=40 FAULTS=300 SEED=1)
	@$(SERVED)
	@$(BIN)/python -m chaos --tasks $(TASKS) --phones $(PHONES) --faults $(FAULTS) --seed $(SEED) $(ARGS)

chaos-redis: provide ## Redis cuts every client off once a second for a minute, under a fleet at work (ARGS='--seconds 60 --phones 8 --tasks 120')
	@$(SERVED)
	@$(BIN)/python -m chaos.cut_off $(ARGS)

chaos-hosts: provide ## Three hosts in networks of their own: one is cut off and healed, one has a slow wire (root; ARGS='--phones 6 --tasks 48')
	@$(SERVED)
	@$(BIN)/python -m chaos.hosts $(ARGS)

chaos-sentinel: provide ## Sentinel makes another Redis the primary under a fleet at work, by each kind of fail-over
	@$(SERVED)
	@$(BIN)/python -m chaos.sentinel $(ARGS)

conformance: ## The suites over what CI does not run: MySQL 9.7, a real adbd, upstream suites (root; by hand: Debian's newest suite changes daily)
	@WITH_CONFORMANCE=1 scripts/provide.sh
	@$(SERVED)
	@$(BIN)/python -m conformance --jobs $(JOBS) $(ARGS)

clean: ## Remove what the targets made: .venv, var, caches
	rm -rf .venv var build dist *.egg-info .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
