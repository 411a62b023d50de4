#!/usr/bin/env bash
# GoogleSQL (PyPI zetasql 0.1.5): PARSE_JSON refuses some six-digit decimals that every other JSON reader takes.
#
# Valid input: the JSON number 67.174118, a double whose shortest text is those eight digits.
# Expected: accepted, as its neighbour 67.174117 is: parsing it as a double and printing the shortest text that reads
#   back as the same double gives the same characters.
# Seen: "Input number: 67.174118 cannot round-trip through string representation"; with wide_number_mode 'round' the
#   value becomes 67.17411800000001. Columns of type JSON that hold measured values or coordinates meet this.
# The package compiles the engine first, which takes half a minute of CPU.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check zetasql==0.1.5
cat > probe.py <<'PY'
from zetasql import types
from zetasql.api import CatalogBuilder, PreparedExpression

language = types.LanguageOptions.maximum_features()
options = types.AnalyzerOptions(language_options=language)
builtins = types.ZetaSQLBuiltinFunctionOptions(language_options=language)
catalog = CatalogBuilder("probe").with_builtin_functions(builtins).build()

def evaluate(expression):
    try:
        with PreparedExpression(expression, options, catalog) as prepared:
            return str(prepared.execute())
    except Exception as error:
        return str(error).split(": ", 1)[-1]

print("67.174117        ", evaluate("TO_JSON_STRING(PARSE_JSON('67.174117'))"))
print("67.174118        ", evaluate("TO_JSON_STRING(PARSE_JSON('67.174118'))"))
print("67.174118, round ", evaluate("TO_JSON_STRING(PARSE_JSON('67.174118', wide_number_mode => 'round'))"))
PY
venv/bin/python probe.py | tee seen.txt
diff seen.txt - <<'TEXT'
67.174117         "67.174117"
67.174118         Input number: 67.174118 cannot round-trip through string representation
67.174118, round  "67.17411800000001"
TEXT
echo "as recorded with zetasql 0.1.5"
