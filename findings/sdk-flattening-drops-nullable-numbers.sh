#!/usr/bin/env bash
# singer-sdk 0.54.9: with flattening, a number that is declared by `anyOf` is no longer in the SCHEMA message.
#
# Valid input: a tap whose properties are an integer, a number, a boolean and a string, each `anyOf` that type and null, as
#   pydantic and OpenAPI 3.1 write what may be null; `flattening_enabled: true`; a stream without any nested object.
# Expected: nothing to flatten, so the same SCHEMA message as without flattening, or at least the same columns.
# Seen: the integer, the number and the boolean are gone from the SCHEMA message; the string stays. RECORD messages still
#   have all four. A loader makes its columns from the SCHEMA, so the values are lost on the way, with exit 0. If `null` is the
#   first in the list, the string is gone, too.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check singer-sdk==0.54.9
cat > tap.py <<'PY'
from singer_sdk import Stream, Tap, typing as th

def nullable(kind):
    return {"anyOf": [{"type": kind}, {"type": "null"}]}

class Orders(Stream):
    name = "orders"
    schema = {
        "type": "object",
        "properties": {
            "id": {"type": "integer"},
            "amount": nullable("number"),
            "items": nullable("integer"),
            "paid": nullable("boolean"),
            "status": nullable("string"),
            "note": {"anyOf": [{"type": "null"}, {"type": "string"}]},
        },
    }

    def get_records(self, context):
        yield {"id": 1, "amount": 9.5, "items": 2, "paid": True, "status": "open", "note": "x"}

class TapProbe(Tap):
    name = "tap-probe"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Orders(self)]

TapProbe.cli()
PY
cat > columns.py <<'PY'
import json, sys
for message in map(json.loads, sys.stdin):
    if message["type"] in ("SCHEMA", "RECORD"):
        print(message["type"], ", ".join(message["schema"]["properties"] if "schema" in message else message["record"]))
PY
echo '{}' > without.json
echo '{"flattening_enabled": true, "flattening_max_depth": 1}' > with.json
for settings in without with; do
  echo "$settings flattening:"
  venv/bin/python tap.py --config $settings.json 2>$settings.log | venv/bin/python columns.py
done | tee seen.txt
echo "warnings: $(cat with.log | grep -c WARNING || true)"
diff seen.txt - <<'TEXT'
without flattening:
SCHEMA id, amount, items, paid, status, note
RECORD id, amount, items, paid, status, note
with flattening:
SCHEMA id, status
RECORD id, amount, items, paid, status, note
TEXT
if grep -q WARNING with.log; then exit 1; fi
echo "as recorded with singer-sdk 0.54.9"
