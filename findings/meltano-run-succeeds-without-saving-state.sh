#!/usr/bin/env bash
# Meltano 4.4.1: a run whose last state cannot be saved ends with 0.
#
# Valid input: a state backend `file://…/state` that becomes unavailable while the run is under way (the folder is
#   replaced by a plain file, as an unmounted volume leaves a mount point that takes no files), and a target that emits
#   STATE once it has loaded everything, as most do.
# Expected: `meltano run` ends non-zero, because the next run starts from the old bookmark and extracts everything again.
# Seen: the exception is raised in the task that reads the target's output. While the tap runs, that task is watched
#   and the run fails; once the tap has ended, nothing checks it. The log has "Failed to persist incremental state to
#   the configured backend", then "Run completed", and the exit code is 0.
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
import json, pathlib, shutil, sys
schema = {"type": "object", "properties": {"id": {"type": "integer"}}}
if "--discover" in sys.argv:
    stream = {"tap_stream_id": "s", "stream": "s", "schema": schema, "metadata": [{"breadcrumb": [], "metadata": {}}]}
    print(json.dumps({"streams": [stream]}))
    sys.exit()
shutil.rmtree("state", ignore_errors=True)
pathlib.Path("state").touch()
print(json.dumps({"type": "SCHEMA", "stream": "s", "schema": schema, "key_properties": ["id"]}))
print(json.dumps({"type": "RECORD", "stream": "s", "record": {"id": 1}}))
print(json.dumps({"type": "STATE", "value": {"bookmarks": {"s": {"cursor": 1}}}}), flush=True)
PY
cat > target.py <<'PY'
#!/usr/bin/env python3
import json, sys
messages = [json.loads(line) for line in sys.stdin]
print(json.dumps(next(message["value"] for message in messages if message["type"] == "STATE")), flush=True)
PY
chmod +x tap.py target.py
export MELTANO_STATE_BACKEND_URI="file://$PWD/state"
status=0; log=$(../venv/bin/meltano --log-format plain run tap-probe target-probe 2>&1) || status=$?
echo "exit $status"
grep -o 'Failed to persist incremental state to the configured backend' <<< "$log" | sort | uniq -c
grep -oi 'Run completed' <<< "$log"
test "$status" = 0
test -f state
echo "as recorded with Meltano 4.4.1"
