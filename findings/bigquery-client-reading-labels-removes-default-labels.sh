#!/usr/bin/env bash
# google-cloud-bigquery 3.47.0: a job's labels, once read, replace the client's default labels by none.
#
# Valid input: a client whose default_query_job_config has a label, and two queries whose QueryJobConfig sets no label. Of the
#   second one, `labels` is read before, as code that logs or checks a configuration does.
# Expected: both jobs have the default label. The docstring of Client says of default_query_job_config, "Will be merged into
#   job configs passed into the query method"
#   (https://cloud.google.com/python/docs/reference/bigquery/latest/google.cloud.bigquery.client.Client, as of 2026-11-28).
# Seen: the first job has it. For the second, the client sends "labels": {}, because reading the property stores an empty
#   dict, which counts as set. Bills that are divided by labels miss such jobs, and there is no error.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check google-cloud-bigquery==3.47.0
cat > probe.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

sent = []


class Recorder(BaseHTTPRequestHandler):
    """Answers jobs.insert with the job, which is done."""

    def do_POST(self):
        job = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        sent.append(job["configuration"].get("labels"))
        body = json.dumps(job | {"status": {"state": "DONE"}}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


server = HTTPServer(("127.0.0.1", 0), Recorder)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = bigquery.Client(
    "probe",
    AnonymousCredentials(),
    client_options={"api_endpoint": f"http://127.0.0.1:{server.server_port}"},
    default_query_job_config=bigquery.QueryJobConfig(labels={"team": "support"}),
)
for is_read in (False, True):
    config = bigquery.QueryJobConfig()
    if is_read:
        assert not config.labels
    client.query("SELECT 1", job_config=config)
print("not read:", json.dumps(sent[0]))
print("read:    ", json.dumps(sent[1]))
PY
venv/bin/python probe.py | tee seen.txt
diff seen.txt - <<'TEXT'
not read: {"team": "support"}
read:     {}
TEXT
echo "as recorded with google-cloud-bigquery 3.47.0"
