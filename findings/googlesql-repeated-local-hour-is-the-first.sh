#!/usr/bin/env bash
# sqlglot 30.30.0 and DuckDB 1.5.5 as a stand-in for BigQuery: a local time that occurs twice becomes another instant.
#
# Valid input: 2026-11-01 01:30 in New York, which occurs twice, because clocks go back an hour at 02:00. Google's own
#   evaluator (PyPI zetasql 0.1.5) gives the reference answer.
# Expected: the same instant in both, or a note that it is ambiguous.
# Seen: GoogleSQL takes the first of the two, DuckDB the second, an hour later. Both move a skipped local time (spring)
#   one hour forward, so tests of clock changes that look at spring alone do not see the difference.
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
for local in ("2026-11-01 01:30:00", "2026-03-08 02:30:00"):
    seconds = f"UNIX_SECONDS(TIMESTAMP(DATETIME '{local}', 'America/New_York'))"
    with PreparedExpression(seconds, options, catalog) as prepared:
        google = int(str(prepared.execute()))
    [translated] = sqlglot.transpile(f"SELECT {seconds}", read="bigquery", write="duckdb")
    [(answer,)] = duckdb.sql(translated).fetchall()
    print(f"{local} in New York: DuckDB minus GoogleSQL = {int(answer) - google} s")
PY
venv/bin/python probe.py | tee seen.txt
diff seen.txt - <<'TEXT'
2026-11-01 01:30:00 in New York: DuckDB minus GoogleSQL = 3600 s
2026-03-08 02:30:00 in New York: DuckDB minus GoogleSQL = 0 s
TEXT
echo "as recorded with sqlglot 30.30.0 and DuckDB 1.5.5"
