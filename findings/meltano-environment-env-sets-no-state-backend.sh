#!/usr/bin/env bash
# Meltano 4.4.1: MELTANO_STATE_BACKEND_URI in the `env` of an environment is ignored, and state goes to the local database.
#
# Valid input: an environment whose `env` has MELTANO_STATE_BACKEND_URI and a variable of the tap; the same two lines in the
#   `env` of the project instead.
# Expected: the same effect in both places, or a warning. In the guide, the `env` of an environment comes before that of the
#   project (https://docs.meltano.com/guide/configuration#environment-variables, read 2026-11-28). The page on environments
#   speaks of the environment of plugins only, and does not say that Meltano's own variables are ignored there.
# Seen: the project's `env` sets the state backend. The environment's sets the tap's variable only: the run ends with 0,
#   says nothing of it, and the state is in .meltano/meltano.db. Where that file does not outlive the run, each starts again.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check meltano==4.4.1
mkdir project && cd project
cat > tap.py <<'PY'
#!/usr/bin/env python3
import json, os, sys
if "--discover" in sys.argv:
    print(json.dumps({"streams": []}))
else:
    open("variable.txt", "w").write(os.environ.get("TAP_PROBE_VARIABLE", "not set"))
    print(json.dumps({"type": "STATE", "value": {"bookmarks": {"s": {"cursor": 1}}}}))
PY
cat > target.py <<'PY'
#!/usr/bin/env python3
import json, sys
for line in sys.stdin:
    print(json.dumps(json.loads(line)["value"]))
PY
chmod +x tap.py target.py
with() {
  rm -rf .meltano states variable.txt
  cat > meltano.yml <<YML
project_id: 00000000-0000-4000-8000-000000000000
send_anonymous_usage_stats: false
default_environment: dev
$1
plugins:
  extractors:
  - {name: tap-probe, namespace: tap_probe, executable: ./tap.py, capabilities: [state, catalog, discover]}
  loaders:
  - {name: target-probe, namespace: target_probe, executable: ./target.py}
YML
  ../venv/bin/meltano --log-level info run tap-probe target-probe > log.txt 2>&1
  if test -d states; then where="state in states/"; else where="no states/"; fi
  echo "the tap's variable $(cat variable.txt), $(grep -oE 'Reading state from (Local Filesystem|Database)' log.txt), $where"
}
env="{MELTANO_STATE_BACKEND_URI: 'file://$PWD/states', TAP_PROBE_VARIABLE: is set}"
project=$(with "env: $env
environments: [{name: dev}]")
environment=$(with "environments: [{name: dev, env: $env}]")
echo "env of the project:     $project"
echo "env of the environment: $environment"
grep -q 'is set, Reading state from Local Filesystem, state in states/' <<< "$project"
grep -q 'is set, Reading state from Database, no states/' <<< "$environment"
if grep -q MELTANO_STATE_BACKEND_URI log.txt; then exit 1; fi
echo "as recorded with Meltano 4.4.1"
