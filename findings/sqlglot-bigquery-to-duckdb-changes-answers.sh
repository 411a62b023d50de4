#!/usr/bin/env bash
# sqlglot 30.30.0, BigQuery to DuckDB: three date functions come out as SQL that runs and answers something else.
#
# Valid input: GoogleSQL expressions; Google's own evaluator (PyPI zetasql 0.1.5) gives the reference answer.
# Expected: the same answer in DuckDB 1.5.5, or an error that says what is not supported.
# Seen: FORMAT_TIMESTAMP loses its time zone argument, TIMESTAMP_DIFF in hours counts crossed hours instead of whole ones
#   (45 minutes are 1), EXTRACT(DAYOFWEEK) of a Sunday is 0 instead of 1. A BigQuery stand-in made of the two passes tests
#   whose answers BigQuery will not give.
# The evaluator compiles itself first, which takes half a minute of CPU.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check sqlglot==30.30.0 duckdb==1.5.5 zetasql==0.1.5
cat > probe.py <<'PY'
import duckdb, sqlglot
from zetasql import types
from zetasql.api import CatalogBuilder, PreparedExpression

language = types.LanguageOptions.maximum_features()
options = types.AnalyzerOptions(language_options=language)
builtins = types.ZetaSQLBuiltinFunctionOptions(language_options=language)
catalog = CatalogBuilder("probe").with_builtin_functions(builtins).build()
for expression in (
    "FORMAT_TIMESTAMP('%F %H', TIMESTAMP '2026-01-01 23:30:00+00', 'America/New_York')",
    "CAST(TIMESTAMP_DIFF(TIMESTAMP '2026-01-02 00:30:00+00', TIMESTAMP '2026-01-01 23:45:00+00', HOUR) AS STRING)",
    "CAST(EXTRACT(DAYOFWEEK FROM DATE '2026-01-04') AS STRING)",
):
    with PreparedExpression(expression, options, catalog) as prepared:
        google = str(prepared.execute()).strip('"')
    [translated] = sqlglot.transpile(f"SELECT {expression}", read="bigquery", write="duckdb")
    [(answer,)] = duckdb.sql(translated).fetchall()
    print(f"{expression.removeprefix('CAST(').split('(')[0]}: GoogleSQL {google}, DuckDB {answer}")
PY
venv/bin/python probe.py | tee seen.txt
diff seen.txt - <<'TEXT'
FORMAT_TIMESTAMP: GoogleSQL 2026-01-01 18, DuckDB 2026-01-01 23
TIMESTAMP_DIFF: GoogleSQL 0, DuckDB 1
EXTRACT: GoogleSQL 1, DuckDB 0
TEXT
echo "as recorded with sqlglot 30.30.0"
