#!/usr/bin/env bash
# dbt-core 1.11.12 with dbt-bigquery 1.12.1: an unknown key of a column is reported, unless its value is null.
#
# Valid input: two columns written as YAML flow mappings. The first description has a comma, so that YAML reads what
#   follows it as a key without a value. The second column has a key with a value that dbt does not know.
# Expected: both unknown keys are reported as CustomKeyInObjectDeprecation, as the second one is.
# Seen: nothing is said of the first one; the manifest has the description up to the comma, and documentation shows that.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check dbt-core==1.11.12 dbt-bigquery==1.12.1
mkdir -p project/models && cd project
printf 'name: probe\nversion: "1.0.0"\nprofile: probe\n' > dbt_project.yml
echo 'probe: {target: dev, outputs: {dev: {type: bigquery, method: oauth, project: probe, dataset: probe}}}' > profiles.yml
echo 'select 1 as id, 2 as amount' > models/orders.sql
cat > models/orders.yml <<'YML'
models:
- name: orders
  columns:
  - {name: id, description: The key, never null}
  - {name: amount, unit_of_measure: cents}
YML
export DBT_SEND_ANONYMOUS_USAGE_STATS=0
log=$(../venv/bin/dbt --no-use-colors parse --profiles-dir . --show-all-deprecations 2>&1 | tr '\n' ' ' | tr -s ' ')
description=$(../venv/bin/python -c '
import json
columns = json.load(open("target/manifest.json"))["nodes"]["model.probe.orders"]["columns"]
print(columns["id"]["description"])')
echo "reported: $(grep -oE 'Custom key .[a-z_ ]+.' <<< "$log" | sort -u | tr '\n' ' ')"
echo "description in the manifest: $description"
grep -q 'Custom key .unit_of_measure. found' <<< "$log"
if grep -q 'Custom key .never null. found' <<< "$log"; then exit 1; fi
test "$description" = 'The key'
echo "as recorded with dbt-core 1.11.12 and dbt-bigquery 1.12.1"
