# One verb per intent; CI uses the same.
.DEFAULT_GOAL := help
.PHONY: help run sandbox check-env test test-whole-runs test-runbook test-pythons test-image test-googlesql image-prefix wheels test-wheels stock benchmark benchmark-tap benchmark-peers benchmark-quota benchmark-publishing kills odd-values fault-matrix check format docs pins clean setup
SHELL := /bin/sh

UV := scripts/uv
PYTHON := .venv/bin/python
MELTANO := .venvs/meltano/bin/meltano
PLUGINS := tap-zendesk-cityblock target-bigquery target-zendesk-pubsub
PACKAGES := $(PLUGINS) local-pubsub
ENV ?= local
PYTHONS ?= 3.11 3.12 3.13
CHECKED := $(PLUGINS)
WHOLE_RUNS := $(addprefix tests/,$(addprefix end_to_end/test_,further.py interrupted.py publish.py without_exports.py) transform)
RECORDED := tests/transform tests/target_zendesk_pubsub tests/target_bigquery

##@ Run
help: ## this list
	@sed -n -e 's/^##@ //p' -e 's/^\([a-z-]*\):.*## \(.*\)/  make \1	\2/p' $(MAKEFILE_LIST) | expand -t 30

setup: .venv/.ready .venvs/meltano/.ready .venvs/local-bigquery/.ready .meltano/.ready ## the environments, a minute or two; verbs that need them run it first

run: setup ## export and publication in the sandbox: a first run, a day later a second one, and what came of it
	@$(PYTHON) -m sandbox demo

sandbox: setup ## the sandbox alone, until Ctrl-C; in another terminal: .venvs/meltano/bin/meltano run tap-to-bigquery
	@$(PYTHON) -m sandbox up

check-env: setup ## whether an environment has what its runs need: make check-env ENV=staging; writes nothing but a state that it removes
	@environments=$$(sed -n '/^environments:/,/^plugins:/s/^- name: //p' meltano.yml | paste -sd ' ' -); \
	case " $$environments " in *" $(ENV) "*) ;; *) echo "ENV=$(ENV): unknown environment; meltano.yml has $$environments"; exit 1;; esac; \
	failed=0; for plugin in saved-state $(CHECKED); do \
		$(MELTANO) --environment=$(ENV) --log-level=warning invoke $$plugin:check || failed=1; done; exit $$failed

clean: ## remove what runs and set-up left, environments included
	rm -rf .sandbox .meltano .venv .venvs dist logs output transform/target transform/logs

##@ Test
check: setup ## lint, format and types
	.venv/bin/ruff check .
	.venv/bin/ruff format --check .
	.venv/bin/mypy

format: setup ## let ruff mend what it can
	.venv/bin/ruff check --fix .
	.venv/bin/ruff format .

test: setup ## every test but those that have a verb of their own, about twelve minutes
	$(PYTHON) -m pytest -n 2 --no-loadscope-reorder $(WHOLE_RUNS:%=--ignore=%) --ignore=tests/end_to_end/test_runbook.py

test-whole-runs: setup ## whole runs: of every model there is, of publication, without incremental exports, killed ones; and of dbt
	$(PYTHON) -m pytest $(WHOLE_RUNS)

test-runbook: setup ## every command of docs/runbook.md, in its order, against a sandbox
	$(PYTHON) -m pytest tests/end_to_end/test_runbook.py

test-pythons: setup ## the plugins' own tests on every Python from 3.11 to 3.13 that is there, but the one of `make test`
	@own=$$($(PYTHON) -c 'import sys; print("%d.%d" % sys.version_info[:2])'); \
	for version in $$(printf '%s\n' $(PYTHONS) | grep -vxF "$$own"); do \
		$(UV) python find --no-python-downloads $$version >/dev/null 2>&1 || { echo "no Python $$version here"; continue; }; \
		echo "Python $$version"; \
		$(UV) venv --quiet --clear --python $$version .venvs/test-$$version && \
		$(UV) pip install --quiet --compile-bytecode --python .venvs/test-$$version/bin/python -c constraints/plugins.txt --group dev \
			$(PACKAGES:%=-e ./%) && \
		.venvs/test-$$version/bin/python -m pytest -q -n 2 --no-loadscope-reorder tests/tap tests/target_bigquery tests/target_zendesk_pubsub || exit 1; \
	done

test-image: setup image-prefix ## the image's recipe, run as the CronJobs run it, against a sandbox
	$(PYTHON) -m pytest tests/deploy/test_image.py

test-googlesql: setup .venvs/googlesql/.ready ## every statement that tests send, on Google's own SQL analyzer; records them first unless BIGQUERY_RECORDING has them
	@if [ -z "$$BIGQUERY_RECORDING" ]; then \
		export BIGQUERY_RECORDING=$(CURDIR)/build/recording; rm -rf "$$BIGQUERY_RECORDING"; \
		$(PYTHON) -m pytest -q -n 2 --no-loadscope-reorder $(RECORDED) || exit 1; \
	fi; \
	.venvs/googlesql/bin/python -m pytest --confcutdir=tests/googlesql tests/googlesql

test-wheels: setup wheels ## the wheels alone, in a Meltano project elsewhere made of their READMEs, against a sandbox
	WHEELS=dist $(PYTHON) -m pytest tests/deploy/test_wheels.py

stock: setup ## the loader's conformance suite against the stock package that it replaces: shows what that loses
	@$(UV) venv --quiet --clear --python 3.11 .venvs/stock-target-bigquery
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/stock-target-bigquery/bin/python -r constraints/stock-target-bigquery.txt
	TARGET_UNDER_TEST=stock $(PYTHON) -m pytest -n 2 -q --tb=line tests/target_bigquery/test_conformance.py

##@ Measure
benchmark: setup ## 10,000 and 100,000 tickets from Zendesk to views: rows, seconds, memory, and every view compared
	$(PYTHON) -m benchmarks.whole_path

benchmark-tap: setup ## 10,000 and 100,000 tickets through the tap alone: CPU and memory, beside the least that could be
	$(PYTHON) -m benchmarks.tap

benchmark-peers: setup ## 10,000 tickets through the tap, tap-zendesk, zenpy and Airbyte's source, from PyPI: CPU and memory
	@for peer in tap-zendesk:tap-zendesk==2.8.2 zenpy:zenpy==2.0.57 airbyte:airbyte-source-zendesk-support==4.9.1; do \
		$(UV) venv --quiet --clear --python 3.11 .venvs/peer-$${peer%%:*} && \
		$(UV) pip install --quiet --compile-bytecode --python .venvs/peer-$${peer%%:*}/bin/python $${peer#*:} || exit 1; \
	done
	$(PYTHON) -m benchmarks.peers

benchmark-quota: setup ## 10 requests a minute, alone and beside others: how much is taken; all bulk models against the longest; half an hour
	$(PYTHON) -m benchmarks.quota

benchmark-publishing: setup ## 10,000 and 100,000 tickets to messages: each once and in order, CPU, memory, against Google's client
	$(PYTHON) -m benchmarks.publishing

kills: setup ## 30 runs that are killed or asked to end while they publish: nothing lost, repeats under their key
	$(PYTHON) -m benchmarks.kills

odd-values: setup ## 100,000 tickets, 200 of them with odd values of every kind, to views and messages: where each is
	$(PYTHON) -m benchmarks.odd_values

fault-matrix: setup ## 32 faults between the tap and Zendesk, in every dialect of pages: rows lost, repeated, and what the log tells
	$(PYTHON) -m benchmarks.fault_matrix

##@ Write and release
docs: setup ## write the generated parts of documentation and dbt models anew
	$(PYTHON) transform/make_models.py
	$(PYTHON) target-zendesk-pubsub/make_contract.py
	.venv/bin/cog -I scripts -r */README.md docs/*.md

image-prefix: .venvs/image/.ready ## what the image holds, in .venvs/image, by the Dockerfile's own recipe

wheels: setup ## the three plugins as wheels, and the pins they were tested with, in dist/
	@rm -rf dist && mkdir dist && cp constraints/plugins.txt dist/constraints.txt
	@for plugin in $(PLUGINS); do \
		$(UV) build --quiet --wheel --out-dir dist ./$$plugin || exit 1; done
	@rm -f dist/.gitignore && ls dist

# --- environments, each from its own pins ------------------------------------------------------------
.venv/.ready: pyproject.toml $(PACKAGES:%=%/pyproject.toml) constraints/plugins.txt
	@echo "setting up .venv (plugins, sandbox, tests)"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venv
	@$(UV) pip install --quiet --compile-bytecode --python $(PYTHON) -c constraints/plugins.txt --group dev \
		$(PACKAGES:%=-e ./%)
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

.venvs/googlesql/.ready: constraints/googlesql.txt
	@echo "setting up Google's SQL analyzer"
	@$(UV) venv --quiet --clear --python '>=3.11,<3.14' .venvs/googlesql
	@$(UV) pip install --quiet --compile-bytecode --python .venvs/googlesql/bin/python -r constraints/googlesql.txt
	@touch $@

.meltano/.ready: .venvs/meltano/.ready meltano.yml tap-zendesk-cityblock/pyproject.toml target-bigquery/pyproject.toml target-zendesk-pubsub/pyproject.toml constraints/plugins.txt constraints/dbt.txt
	@echo "installing the Meltano plugins"
	@$(MELTANO) --log-level warning install >/dev/null
	@mkdir -p .meltano/run && chmod 700 .meltano/run # settings files with secrets
	@touch $@

IMAGE_INPUTS := LICENSE meltano.yml deploy/image/build scripts/saved_state.py $(wildcard constraints/*.txt) $(shell find tap-zendesk-cityblock \
	target-bigquery target-zendesk-pubsub transform -type f ! -path '*/__pycache__/*' ! -path 'transform/target/*' ! -path 'transform/logs/*')
.venvs/image/.ready: $(IMAGE_INPUTS)
	@echo "building the image's prefix"
	@rm -rf .venvs/image
	@deploy/image/build .venvs/image >/dev/null
	@touch $@

# Pins carry no index address: each machine asks the index it is set up for.
COMPILE := $(UV) pip compile --quiet --universal --no-emit-index-url --no-header --no-annotate
pins: ## resolve the pins anew
	$(COMPILE) --python-version 3.11 pyproject.toml --group dev \
		$(PACKAGES:%=%/pyproject.toml) -o constraints/plugins.txt
	echo 'meltano[gcs]==4.4.1' | $(COMPILE) --python-version 3.11 - -o constraints/meltano.txt
	printf 'dbt-core>=1.11,<1.12\ndbt-bigquery~=1.12.1\n' | $(COMPILE) --python-version 3.11 - -o constraints/dbt.txt
	printf 'local-bigquery==0.4.0\nduckdb==2.0.0\nsqlglot==30.30.0\n' | $(COMPILE) --python-version 3.13 - -o constraints/local-bigquery.txt
	printf 'zetasql==0.1.5\npytest>=9\n' | $(COMPILE) --python-version 3.11 - -o constraints/googlesql.txt
