# Every target also works without a terminal. `make` alone lists them.
.DEFAULT_GOAL := help
.PHONY: help venv announce-test announce-bench demo demo-month database up up-celery superset spark venv-spark down doctor docs test test-unit test-dates test-fuzz test-faults test-year test-tampering test-histories test-scale test-superset rule-digests bench bench-scaling bench-charts check lint-code lint-types lint-imports lint-sql lint-secrets lock clean backup restore audit

BIN := .venv/bin
STACK := $(BIN)/python -m local_stack
DOCS := DO_NOT_TRACK=1 DBT_TARGET_PATH=$(CURDIR)/.demo/docs/dbt DBT_LOG_PATH=$(CURDIR)/.demo/docs/dbt
SQL := dbt_project/models dbt_project/macros dbt_project/tests

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

venv: .venv/.installed ## the environment in .venv/, from the locks (PYTHON=… picks the interpreter)

.venv/.installed: requirements/install requirements/pip-settings requirements/bootstrap.txt requirements/development.txt pyproject.toml
	@requirements/install
	@touch $@

demo: venv ## a few minutes: this evening's capture on a real scheduler, both boards at the end
	@$(STACK) demo

demo-month: venv ## ten minutes: the demo's last whole month closed in Airflow by three users, verified, reports at the end
	@$(STACK) demo-month

up: venv .venv-superset/.installed ## the same stack kept running: Airflow, simulator, PostgreSQL, Superset with every dashboard
	@$(STACK) up
	@$(STACK) superset

up-celery: venv ## the stack with two Celery workers and Redis in place of the LocalExecutor (needs Debian's redis-server)
	@tests/system-packages
	@$(STACK) up-celery

superset: venv .venv-superset/.installed ## Superset on the stack's warehouse, with every dashboard (640 MB the first time)
	@$(STACK) superset

.venv-superset/.installed: requirements/install-superset requirements/pip-settings requirements/superset.txt
	@requirements/install-superset
	@touch $@

spark: venv .venv-spark/.installed ## the stack's marts built by Spark from a lake of Parquet and published (560 MB the first time)
	@tests/system-packages
	@SOCIAL_METRICS_LAKE=$${SOCIAL_METRICS_LAKE:-$(CURDIR)/.demo/lake} \
		SOCIAL_METRICS_SPARK_SHUFFLE_PARTITIONS=$${SOCIAL_METRICS_SPARK_SHUFFLE_PARTITIONS:-4} $(BIN)/social-metrics lake build

venv-spark: venv .venv-spark/.installed ## dbt with Spark's adapter and Spark itself in .venv-spark/, from its lock

.venv-spark/.installed: requirements/install-spark requirements/pip-settings requirements/spark.txt
	@requirements/install-spark
	@touch $@

database: venv ## the demo's PostgreSQL alone, so that `social-metrics` can answer questions from it
	@$(STACK) database

down: venv ## stops what `make demo` and `make up` have left running
	@$(STACK) down

backup: venv ## the stack's warehouse, registry, workbooks and reports into .demo/backups/… (TO=folder)
	@$(STACK) run social-metrics backup "$(or $(TO),.demo/backups/$(shell date -u +%Y%m%dT%H%M%SZ))"

restore: venv ## a backup into the stack: every table compared, a close verified (FROM=folder; REPLACE=1 sets the present one aside)
	@$(STACK) restore $(if $(FROM),"$(FROM)",$(error FROM=folder is needed: make restore FROM=.demo/backups/…)) \
		$(if $(REPLACE),--replace)

audit: venv ## known security holes of what is locked; asks the package index, so it needs the network
	@$(BIN)/python .ci/audit_dependencies

doctor: venv ## says what is set up, what is missing, and what to do about it
	@$(BIN)/social-metrics doctor

docs: venv ## what every mart and column means, in one file: .demo/docs/marts.html (needs no warehouse)
	@mkdir -p .demo/docs
	@$(DOCS) $(BIN)/dbt --quiet parse --project-dir dbt_project --profiles-dir dbt_project
	@$(DOCS) $(BIN)/dbt --quiet docs generate --static --no-compile --empty-catalog \
		--project-dir dbt_project --profiles-dir dbt_project
	@cp .demo/docs/dbt/static_index.html .demo/docs/marts.html
	@echo "wrote .demo/docs/marts.html"

announce-test announce-bench:
	@tests/announce $(@:announce-%=%)

test: announce-test venv ## everything: unit, integration, simulator, dbt, DAGs, end to end, resilience
	@tests/system-packages
	@$(BIN)/python -m pytest --whole -n 2 --dist loadfile --durations 25

wheel: venv ## dist/social_metrics-….whl: package, DAG files, dbt project and dashboards, for an Airflow that is there
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --no-index --wheel-dir dist .
	@ls dist/*.whl

test-unit: venv ## the unit tests only: no database, no network, no process (under a minute)
	@$(BIN)/python -m pytest -n 2 tests/unit

test-dates: venv ## everything once per date, the clock shifted (DATES="31-december-23-30 …", TESTS=tests/unit)
	@tests/system-packages
	@$(BIN)/python -m tests.support.shifted_clock $(addprefix --date ,$(DATES)) $(TESTS) -- $(if $(TESTS),-n 2 --dist loadfile)

test-fuzz: venv ## 10,000 fuzzed cases a target: workbooks, every registry file, every platform's replies
	@SOCIAL_METRICS_TEST_FUZZED_FILES=10000 SOCIAL_METRICS_TEST_FUZZED_REGISTRIES=10000 \
		SOCIAL_METRICS_TEST_FUZZED_REPLIES=10000 $(BIN)/python -m pytest -n auto -rP \
		tests/unit/intake/test_fuzz.py tests/unit/registry/test_fuzzed_registry.py tests/integration/extract/test_fuzzed_replies.py

test-faults: venv ## every fault at every stage on every platform, and on a real Airflow (SOCIAL_METRICS_TEST_FAULT_CASES=60: fewer)
	@SOCIAL_METRICS_TEST_FAULT_CASES=$${SOCIAL_METRICS_TEST_FAULT_CASES:-1000} $(BIN)/python -m pytest -rP \
		tests/resilience/test_fault_matrix.py tests/resilience/test_airflow.py

test-year: venv ## 365 simulated evenings with what a year brings; ends with what was missed and why
	@SOCIAL_METRICS_TEST_YEAR_ALL_CENTERS=1 SOCIAL_METRICS_TEST_YEAR_EVENINGS=365 $(BIN)/python -m pytest -rP \
		tests/resilience/test_year.py

test-tampering: venv ## 200 single changes to evidence and record, 20 by recomputation, 50 untouched histories
	@SOCIAL_METRICS_TEST_TAMPERINGS=200 SOCIAL_METRICS_TEST_RECOMPUTED_TAMPERINGS=20 \
		SOCIAL_METRICS_TEST_UNTOUCHED_HISTORIES=50 \
		$(BIN)/python -m pytest -n 2 --dist loadfile tests/integration/audit \
		tests/resilience/test_crashes.py tests/resilience/test_tampering.py tests/resilience/test_insiders_*.py \
		tests/integration/publish/reports/test_forged_reports.py tests/unit/intake/test_inbox.py

rule-digests: venv ## records the digests of the rules and the structure of the record, against which closes are held
	@SOCIAL_METRICS_TEST_WRITE_RULE_DIGESTS=1 $(BIN)/python -m pytest -q tests/integration/audit/test_release_rules.py \
		tests/resilience/test_insiders_tables.py::test_structure_is_that_of_a_migrated_warehouse

test-superset: venv .venv-superset/.installed ## the real Superset on a demo's marts: every chart, figure and login (ten minutes)
	@tests/system-packages
	@SOCIAL_METRICS_TEST_SUPERSET=1 $(BIN)/python -m pytest -x tests/e2e/superset

test-compose: venv ## docker-compose.yml on a real container engine: start, run, kill, upgrade, removal (needs root; 25 minutes the first time)
	@SOCIAL_METRICS_TEST_COMPOSE=1 $(BIN)/python -m pytest -x -rP tests/e2e/compose

bench: announce-bench venv ## extraction against the limit and others, transform, dashboards, memory (fifteen minutes; writes docs/performance.md)
	@$(BIN)/python -m benchmarks $(BENCH)

bench-scaling: venv ## the schedule replayed against the platforms' quotas, to 10,000,000 accounts (writes docs/scaling.md)
	@$(BIN)/python -m benchmarks.scaling

bench-charts: venv ## every dashboard's queries on 2,000 accounts × 730 days (five minutes)
	@$(BIN)/python -m benchmarks.charts

test-scale: venv .venv-spark/.installed ## two Celery workers and a Redis, a Spark cluster; in each a worker dies by kill -9 (fifteen minutes)
	@tests/system-packages
	@SOCIAL_METRICS_TEST_SCALE=1 $(BIN)/python -m pytest -x -rP tests/e2e/scale

test-histories: venv ## 500 random histories against the oracles, 120 nights against one full build, each wrong rule found
	@SOCIAL_METRICS_TEST_HISTORIES=500 SOCIAL_METRICS_TEST_NIGHTS=120 \
		$(BIN)/python -m pytest -n 2 --dist loadfile tests/dbt

check: lint-code lint-types lint-imports lint-sql lint-secrets ## lint, types, import contracts, SQL, secrets; checks, never fixes

lint-code: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

lint-types: venv
	$(BIN)/mypy

lint-imports: venv
	$(BIN)/lint-imports --no-logo

lint-secrets: venv
	$(BIN)/python .ci/scan_secrets

lint-sql: venv
	$(BIN)/sqlfluff lint --processes 2 --disable-progress-bar $(wildcard $(SQL))

# Without the index: a lock names no registry's host. UPGRADE=--upgrade takes the newest versions.
COMPILE = $(BIN)/uv pip compile --quiet --generate-hashes --universal --python-version 3.11 \
	--no-emit-index-url --no-header --no-annotate $(UPGRADE)

lock: venv ## re-makes requirements/*.txt from pyproject.toml (UPGRADE=--upgrade for newest versions)
	$(COMPILE) requirements/bootstrap.in --output-file requirements/bootstrap.txt
	$(COMPILE) pyproject.toml --all-extras --override requirements/overrides.in \
		--output-file requirements/development.txt
	$(COMPILE) requirements/superset.in --output-file requirements/superset.txt
	$(COMPILE) requirements/spark.in --output-file requirements/spark.txt
	$(COMPILE) pyproject.toml --extra reports --extra audit --extra lake --extra celery --extra fab \
		--constraint requirements/development.txt --output-file requirements/production.txt
	$(BIN)/python .ci/list_licenses

clean: ## stops the stack, removes .demo/ and what the tools left
	@if [ -d .demo ] && [ -x $(BIN)/python ]; then $(STACK) down; fi
	rm -rf .demo build dist dbt_project/target dbt_project/logs
	rm -rf .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache
	find plugins simulator local_stack benchmarks dags tests -name __pycache__ -prune -exec rm -rf {} +
