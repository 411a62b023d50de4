#!/usr/bin/env bash
# singer-sdk 0.54.9: a leap second is refused, and the error prints the value and the record's field in clear.
#
# Valid input: "2016-12-31T23:59:60Z", a date-time by RFC 3339, which JSON Schema's format `date-time` names.
# Expected: the record arrives (unparsed, or as the next second); and whatever is refused, an error without the
#   record's content, which may be confidential.
# Seen: ValueError: Could not parse value '2016-12-31T23:59:60Z' for field 'at', exit 1. The value is in the error's text,
#   so any refused value of such a column reaches the log.
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
  echo '{"type": "SCHEMA", "stream": "s", "schema": {"type": "object", "properties": {"id": {"type": "integer"}, "at": {"type": "string", "format": "date-time"}}}, "key_properties": ["id"]}'
  printf '{"type": "RECORD", "stream": "s", "record": {"id": 1, "at": "%s"}}\n' "$1"
}
run() { venv/bin/python target.py --config config.json 2>&1; }
ordinary=$(lines 2016-12-31T23:59:59Z | run | grep '^record:')
status=0; leap=$(lines 2016-12-31T23:59:60Z | run) || status=$?
echo "$ordinary"
echo "exit $status, $(tail -n 1 <<< "$leap")"
test "$status" -ne 0
grep -q "ValueError: Could not parse value '2016-12-31T23:59:60Z' for field 'at'" <<< "$leap"
echo "as recorded with singer-sdk 0.54.9"
