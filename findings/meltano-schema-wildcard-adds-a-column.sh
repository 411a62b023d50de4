#!/usr/bin/env bash
# Meltano 4.4.1: a wildcard in the `schema` extra changes the properties that match, and adds a column named like itself.
#
# Valid input: `schema: {orders: {created_*: {…, format: date-time}}}`. The reference allows shell wildcards in property
#   identifiers, "to match multiple properties at once" (https://docs.meltano.com/concepts/plugins#schema-extra, read
#   2026-11-28); only a property that does not exist yet is added.
# Expected: `created_at` becomes a date-time, and the stream has the same properties as before.
# Seen: `created_at` becomes a date-time, and the catalog has a second property, `created_*`, without a type, which is
#   selected. A tap that declares what the catalog has, as those of singer-sdk 0.54.9 do, declares it to the loader, which
#   makes a column of it. `*_at` does not do that: a wildcard is recognized only as the first character.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check meltano==4.4.1
python3 -m venv sdk && sdk/bin/pip install -q --disable-pip-version-check singer-sdk==0.54.9
mkdir project && cd project
cat > tap.py <<'PY'
from singer_sdk import Stream, Tap, typing as th

class Orders(Stream):
    name = "orders"
    primary_keys = ("id",)
    schema = th.PropertiesList(th.Property("id", th.IntegerType), th.Property("created_at", th.StringType)).to_dict()

    def get_records(self, context):
        yield {"id": 1, "created_at": "2026-01-01T00:00:00Z"}

class TapProbe(Tap):
    name = "tap-probe"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Orders(self)]

TapProbe.cli()
PY
printf '#!/usr/bin/env bash\nexec "%s/sdk/bin/python" tap.py "$@"\n' "$folder" > tap.sh
chmod +x tap.sh
with() {
  cat > meltano.yml <<YML
project_id: 00000000-0000-4000-8000-000000000000
send_anonymous_usage_stats: false
default_environment: dev
environments: [{name: dev}]
plugins:
  extractors:
  - name: tap-probe
    namespace: tap_probe
    executable: ./tap.sh
    capabilities: [catalog, discover]
    schema: {orders: {"$1": {type: [string, "null"], format: date-time}}}
YML
  ../venv/bin/meltano --log-level warning invoke tap-probe 2> log.txt > all.txt
  ../venv/bin/python - <<'PY'
import json
messages = [json.loads(line) for line in open("all.txt")]
properties = next(message["schema"]["properties"] for message in messages if message["type"] == "SCHEMA")
print(", ".join(f"{name} {its.get('format', '-')}" for name, its in sorted(properties.items())))
PY
}
named=$(with created_at); first=$(with '*_at'); last=$(with 'created_*')
echo "created_at:  $named"
echo "*_at:        $first"
echo "created_*:   $last, warnings: $(cat log.txt)"
test "$named" = 'created_at date-time, id -'
test "$first" = "$named"
test "$last" = 'created_* -, created_at date-time, id -'
test ! -s log.txt
echo "as recorded with Meltano 4.4.1 and singer-sdk 0.54.9"
