#!/usr/bin/env bash
# Meltano 4.4.1: a `_select_filter` that matches no stream runs green and moves nothing.
#
# Valid input: `TAP_PROBE__SELECT_FILTER=["ordes"]`, one letter short of the stream `orders`.
# Expected: an error, or at least a warning, that the filter matches none of the tap's streams.
# Seen: `meltano run` ends with 0, no line of level warning or above mentions the filter, and the loader gets no record.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check meltano==4.4.1
mkdir project && cd project
cat > meltano.yml <<'YML'
project_id: 00000000-0000-4000-8000-000000000000
send_anonymous_usage_stats: false
default_environment: dev
environments: [{name: dev}]
plugins:
  extractors:
  - {name: tap-probe, namespace: tap_probe, executable: ./tap.py, capabilities: [state, catalog, discover]}
  loaders:
  - {name: target-probe, namespace: target_probe, executable: ./target.py}
YML
cat > tap.py <<'PY'
#!/usr/bin/env python3
import json, sys
schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
if "--discover" in sys.argv:
    stream = {"tap_stream_id": "orders", "stream": "orders", "schema": schema, "metadata": [{"breadcrumb": [], "metadata": {}}]}
    print(json.dumps({"streams": [stream]}))
    sys.exit()
catalog = json.load(open(sys.argv[sys.argv.index("--catalog") + 1]))
for stream in catalog["streams"]:
    if any(not entry["breadcrumb"] and entry["metadata"].get("selected") for entry in stream["metadata"]):
        print(json.dumps({"type": "SCHEMA", "stream": "orders", "schema": schema, "key_properties": ["id"]}))
        print(json.dumps({"type": "RECORD", "stream": "orders", "record": {"id": 1}}))
PY
cat > target.py <<'PY'
#!/usr/bin/env python3
import json, sys
records = sum(json.loads(line)["type"] == "RECORD" for line in sys.stdin)
open("records.txt", "w").write(str(records))
PY
chmod +x tap.py target.py
run() { ../venv/bin/meltano --log-level warning run tap-probe target-probe 2>&1; }
run >/dev/null; without=$(cat records.txt)
status=0; log=$(TAP_PROBE__SELECT_FILTER='["ordes"]' run) || status=$?; filtered=$(cat records.txt)
echo "without a filter: $without record; with the misspelled one: $filtered records, exit $status, warnings: ${log:-none}"
test "$without" = 1 && test "$filtered" = 0 && test "$status" = 0
if grep -qi 'ordes\|no streams\|match' <<< "$log"; then exit 1; fi
echo "as recorded with Meltano 4.4.1"
