#!/usr/bin/env bash
# sqlglot 30.30.0, BigQuery to DuckDB: ARRAY_AGG(x IGNORE NULLS ORDER BY b LIMIT 1) becomes a statement that cannot parse.
#
# Valid input: GoogleSQL's idiom for "the first value that is not null", as its reference page of aggregate functions
#   has it (IGNORE NULLS, ORDER BY and LIMIT together).
# Expected: a DuckDB statement with the same meaning, or an error from the translator.
# Seen: the ORDER BY and LIMIT clauses are copied into a FILTER(WHERE ...) condition; the translator logs that LIMIT is
#   unsupported and returns the text all the same, which DuckDB refuses at LIMIT.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check sqlglot==30.30.0 duckdb==1.5.5
cat > probe.py <<'PY'
import duckdb, sqlglot

query = "SELECT ARRAY_AGG(x IGNORE NULLS ORDER BY b LIMIT 1)[SAFE_OFFSET(0)] FROM UNNEST([STRUCT('a' AS x, 1 AS b)])"
[translated] = sqlglot.transpile(query, read="bigquery", write="duckdb")
print(translated)
try:
    duckdb.sql(translated).fetchall()
except duckdb.ParserException as error:
    print(str(error).splitlines()[0])
PY
venv/bin/python probe.py 2>/dev/null | tee seen.txt
grep -qF 'FILTER(WHERE x ORDER BY b NULLS FIRST LIMIT 1 IS NOT NULL)' seen.txt
grep -qF 'Parser Error: syntax error at or near "LIMIT"' seen.txt
echo "as recorded with sqlglot 30.30.0"
