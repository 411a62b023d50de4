#!/usr/bin/env bash
# Meltano 4.4.1: `meltano state set JOB` succeeds for the name of a job, and no run ever reads that state.
#
# Valid input: a job `nightly` of the tasks `tap-probe target-probe`, and a state set under the job's name.
# Expected: the job's runs start from it, or the command says that no pair of plugins keeps its state under that name
#   (runs use `<environment>:<extractor>-to-<loader>`).
# Seen: "State for nightly was successfully set", exit 0, and `meltano run nightly` hands the tap no state.
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
jobs:
- {name: nightly, tasks: [tap-probe target-probe]}
YML
cat > tap.py <<'PY'
#!/usr/bin/env python3
import json, sys
if "--discover" in sys.argv:
    print(json.dumps({"streams": []}))
else:
    given = open(sys.argv[sys.argv.index("--state") + 1]).read() if "--state" in sys.argv else "none"
    open("seen.txt", "w").write(given)
PY
printf '#!/usr/bin/env python3\nimport sys\nsys.stdin.read()\n' > target.py
chmod +x tap.py target.py
meltano() { ../venv/bin/meltano "$@" 2>&1; }
state='{"singer_state": {"bookmarks": {"s": {"cursor": "X"}}}}'
answer=$(meltano state set --force nightly "$state")
meltano --log-level error run nightly >/dev/null
by_job=$(cat seen.txt)
meltano state set --force dev:tap-probe-to-target-probe "$state" >/dev/null
meltano --log-level error run nightly >/dev/null
by_pair=$(cat seen.txt)
grep -o 'State for nightly was successfully set' <<< "$answer"
echo "the tap's state after it was set for the job:  $by_job"
echo "the tap's state after it was set for the pair: $by_pair"
test "$by_job" = none
grep -q '"X"' <<< "$by_pair"
echo "as recorded with Meltano 4.4.1"
