#!/usr/bin/env bash
# dbt-extractor 0.6.0 (dbt-core's static parser): dicts in config() have their keys in another order in each process.
#
# Valid input: the source of one model, whose config(meta={...}) has a dict with five keys and values that are strings.
# Expected: the keys in the order in which they are written, as Jinja gives them when it renders the same model, or at
#   least in the same order each time. dbt uses Jinja for a model that the static parser cannot read.
# Seen: twelve processes find several orders. PYTHONHASHSEED does not change that. dbt keeps this order in its manifest, so
#   that SQL or a checksum made by a loop over config.get('meta') differs from one full parse to the next.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check dbt-extractor==0.6.0 jinja2==3.1.6
cat > orders.sql <<'SQL'
{{ config(meta={'columns': {'id': 'INT64', 'status': 'STRING', 'amount': 'NUMERIC', 'currency': 'STRING', 'shipped_at': 'DATE'}}) }}
select * from {{ ref('stg_orders') }}
SQL
cat > jinja_order.py <<'PY'
import jinja2
jinja2.Template(open("orders.sql").read()).render(ref=str, config=lambda meta: print(", ".join(meta["columns"])))
PY
cat > static_order.py <<'PY'
import dbt_extractor
[(_, meta)] = dbt_extractor.py_extract_from_source(open("orders.sql").read())["configs"]
print(", ".join(meta["columns"]))
PY
for _ in 1 2 3 4 5 6 7 8 9 10 11 12; do
  venv/bin/python jinja_order.py >> jinja
  PYTHONHASHSEED=0 venv/bin/python static_order.py >> static
done
echo "Jinja, 12 processes:"; sort jinja | uniq -c
echo "static parser, 12 processes:"; sort static | uniq -c
test "$(sort -u jinja)" = 'id, status, amount, currency, shipped_at'
test "$(sort -u static | wc -l)" -gt 1
echo "as recorded with dbt-extractor 0.6.0"
