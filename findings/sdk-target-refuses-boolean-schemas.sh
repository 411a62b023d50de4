#!/usr/bin/env bash
# singer-sdk 0.54.9: a target fails at the first record of a stream in whose schema a property is `true`.
#
# Valid input: JSON Schema has boolean schemas since draft 6 ("true" accepts any value); the SDK's own validator
#   accepts the SCHEMA message.
# Expected: the property is taken as one of any type.
# Seen: AttributeError: 'bool' object has no attribute 'get', from the SDK's look for date-time properties.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check singer-sdk==0.54.9
cat > target.py <<'PY'
import sys
from singer_sdk import RecordSink, Target, typing as th

class PrintingSink(RecordSink):
    def process_record(self, record, context):
        print("record:", record, file=sys.stderr)

class TargetProbe(Target):
    name = "target-probe"
    config_jsonschema = th.PropertiesList().to_dict()
    default_sink_class = PrintingSink

TargetProbe.cli()
PY
echo '{}' > config.json
lines() {
  printf '{"type": "SCHEMA", "stream": "s", "schema": {"type": "object", "properties": {"id": {"type": "integer"}, "extra": %s}}, "key_properties": ["id"]}\n' "$1"
  echo '{"type": "RECORD", "stream": "s", "record": {"id": 1, "extra": "x"}}'
}
run() { venv/bin/python target.py --config config.json 2>&1; }
with_object=$(lines '{}' | run | grep '^record:')
status=0; with_true=$(lines 'true' | run) || status=$?
echo "extra: {}    $with_object"
echo "extra: true  exit $status, $(tail -n 1 <<< "$with_true")"
test "$status" -ne 0
grep -q "AttributeError: 'bool' object has no attribute 'get'" <<< "$with_true"
echo "as recorded with singer-sdk 0.54.9"
