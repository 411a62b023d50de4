#!/usr/bin/env bash
# sqlglot 30.30.0 with its extra `c` (sqlglotc 30.30.0): a custom dialect with a parser of its own stops working.
#
# Valid input: a dialect that extends BigQuery with a subclass of BigQuery.Parser, and the query `SELECT 1`. sqlglot's page on
#   dialects (https://sqlglot.com/sqlglot/dialects.html) has dialects extend Tokenizer, Parser and Generator as needed.
# Expected: the extra, the same release compiled by mypyc, changes speed only.
# Seen: classes are defined without an error; the first query raises "TypeError: interpreted classes cannot inherit from
#   compiled". local-bigquery 0.4.0 has such a dialect: with sqlglotc beside it, the server refuses every statement.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
cat > custom.py <<'PY'
import sqlglot
from sqlglot.dialects.bigquery import BigQuery

class Custom(BigQuery):
    class Parser(BigQuery.Parser):
        pass

for dialect in ("bigquery", "custom"):
    try:
        print(dialect, sqlglot.parse_one("SELECT 1", read=dialect).sql(dialect))
    except TypeError as error:
        print(dialect, "TypeError:", error)
PY
python3 -m venv plain && plain/bin/pip install -q --disable-pip-version-check sqlglot==30.30.0
python3 -m venv compiled && compiled/bin/pip install -q --disable-pip-version-check "sqlglot[c]==30.30.0"
echo "without the extra:"; plain/bin/python custom.py | tee without
echo "with the extra:"; compiled/bin/python custom.py | tee with
test "$(cat without)" = "bigquery SELECT 1
custom SELECT 1"
test "$(cat with)" = "bigquery SELECT 1
custom TypeError: interpreted classes cannot inherit from compiled"
echo "as recorded with sqlglot 30.30.0 and sqlglotc 30.30.0"
