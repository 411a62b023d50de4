#!/usr/bin/env bash
# sqlglot 30.30.0 and DuckDB 1.5.5 as a stand-in for BigQuery: GROUP BY groups by another value than GoogleSQL does.
#
# Valid input: a SELECT whose alias has the name of a column of its FROM clause, grouped by that name. Google's own
#   evaluator (PyPI zetasql 0.1.5) gives the reference answer.
# Expected: the translation keeps the meaning. GoogleSQL resolves a name in GROUP BY to the alias first.
# Seen: sqlglot leaves the name as it is, and DuckDB resolves it to the column: 4 groups instead of 2, and no error. A view
#   that truncates a time and keeps its name has one row per time in tests on the stand-in, and one per day in BigQuery.
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
grouped = "SELECT DIV(t, 24) AS t, COUNT(*) AS n FROM UNNEST([1, 2, 30, 31]) AS t GROUP BY t"
groups = f"(SELECT COUNT(*) FROM ({grouped}))"
with PreparedExpression(groups, options, catalog) as prepared:
    google = prepared.execute()
[translated] = sqlglot.transpile(f"SELECT {groups}", read="bigquery", write="duckdb")
[(answer,)] = duckdb.sql(translated).fetchall()
print(f"groups: GoogleSQL {google}, DuckDB {answer}")
PY
venv/bin/python probe.py | tee seen.txt
diff seen.txt - <<'TEXT'
groups: GoogleSQL 2, DuckDB 4
TEXT
echo "as recorded with sqlglot 30.30.0 and DuckDB 1.5.5"
