#!/usr/bin/env bash
# singer-sdk 0.54.9: a target removes `_sdc_deleted_at` from records although the stream's SCHEMA declares it.
#
# Valid input: a stream with the properties id, _sdc_deleted_at and _sdc_lsn, as log-based taps emit them to mark a
#   deleted row; one record with all three; a target with its default settings.
# Expected: what the stream declares reaches the sink; the target's own metadata columns are a matter of
#   `add_record_metadata` only.
# Seen: `_sdc_lsn` arrives; `_sdc_deleted_at` is missing from the sink's schema and from the record, without a log
#   line, so a deleted row looks like a live one.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check singer-sdk==0.54.9
cat > target.py <<'PY'
import json, sys
from singer_sdk import RecordSink, Target, typing as th

class PrintingSink(RecordSink):
    def process_record(self, record, context):
        print("record:", json.dumps(record), "| declared:", ", ".join(self.schema["properties"]), file=sys.stderr)

class TargetProbe(Target):
    name = "target-probe"
    config_jsonschema = th.PropertiesList().to_dict()
    default_sink_class = PrintingSink

TargetProbe.cli()
PY
echo '{}' > config.json
cat > input.singer <<'LINES'
{"type": "SCHEMA", "stream": "s", "schema": {"type": "object", "properties": {"id": {"type": "integer"}, "_sdc_deleted_at": {"type": ["null", "string"], "format": "date-time"}, "_sdc_lsn": {"type": ["null", "integer"]}}}, "key_properties": ["id"]}
{"type": "RECORD", "stream": "s", "record": {"id": 1, "_sdc_deleted_at": "2024-01-01T00:00:00+00:00", "_sdc_lsn": 5}}
LINES
log=$(venv/bin/python target.py --config config.json < input.singer 2>&1)
grep '^record:' <<< "$log"
grep -qF 'record: {"id": 1, "_sdc_lsn": 5} | declared: id, _sdc_lsn' <<< "$log"
if grep -q 'WARNING' <<< "$log"; then exit 1; fi
echo "as recorded with singer-sdk 0.54.9"
