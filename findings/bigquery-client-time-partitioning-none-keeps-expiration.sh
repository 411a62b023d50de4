#!/usr/bin/env bash
# google-cloud-bigquery 3.47.0: TimePartitioning(expiration_ms=None) does not remove the expiration of a table's partitions.
#
# Valid input: update_table of a table whose partitions expire, with a new TimePartitioning that has no expiration; then
#   with one whose expiration_ms is set to None after it was made.
# Expected: both send "expirationMs": null, which removes the expiration; the class documents None as its default, and
#   the two objects have the same expiration_ms.
# Seen: the first sends no key, so PATCH keeps the old expiration. The second sends null.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check google-cloud-bigquery==3.47.0
cat > probe.py <<'PY'
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from google.auth.credentials import AnonymousCredentials
from google.cloud import bigquery

bodies = []


class Recorder(BaseHTTPRequestHandler):
    """Answers PATCH with the table, as BigQuery does."""

    def do_PATCH(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        bodies.append(json.loads(body)["timePartitioning"])
        body = json.dumps({"tableReference": table.reference.to_api_repr()}).encode()
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
    "probe", AnonymousCredentials(), client_options={"api_endpoint": f"http://127.0.0.1:{server.server_port}"}
)
table = bigquery.Table("probe.sales.orders")

made = bigquery.TimePartitioning(field="day", expiration_ms=None)
assigned = bigquery.TimePartitioning(field="day")
assigned.expiration_ms = None
print("expiration_ms of both:", made.expiration_ms, assigned.expiration_ms)
for partitioning in (made, assigned):
    table.time_partitioning = partitioning
    client.update_table(table, ["time_partitioning"])
print("made with None:", json.dumps(bodies[0], sort_keys=True))
print("assigned None: ", json.dumps(bodies[1], sort_keys=True))
assert made.expiration_ms is assigned.expiration_ms is None
assert "expirationMs" not in bodies[0]
assert bodies[1]["expirationMs"] is None
PY
venv/bin/python probe.py
echo "as recorded with google-cloud-bigquery 3.47.0"
