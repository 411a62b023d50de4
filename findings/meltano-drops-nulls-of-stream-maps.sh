#!/usr/bin/env bash
# Meltano 4.4.1 with singer-sdk 0.54.9: `email: null` in a stream map of meltano.yml removes nothing, and no word is said.
#
# Valid input: a tap with `stream_maps: {users: {email: null}}` in meltano.yml, as the SDK's page on stream maps says to
#   remove a property ("assign it the value null", https://sdk.meltano.com/en/latest/stream_maps.html, read 2026-11-28;
#   the string "__NULL__" is offered there as an equal alternative).
# Expected: the tap writes no email, as it does when the same settings are in a file of its own.
# Seen: Meltano leaves out every setting that is null, also inside of objects, so the tap gets `stream_maps: {}`. The column
#   is exported and loaded, with exit 0 and no warning. "__NULL__" works in both. Issue 6382 of meltano/meltano is about this.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check meltano==4.4.1
python3 -m venv sdk && sdk/bin/pip install -q --disable-pip-version-check singer-sdk==0.54.9
mkdir project && cd project
cat > tap.py <<'PY'
from singer_sdk import Stream, Tap, typing as th

class Users(Stream):
    name = "users"
    primary_keys = ("id",)
    schema = th.PropertiesList(th.Property("id", th.IntegerType), th.Property("email", th.StringType)).to_dict()

    def get_records(self, context):
        yield {"id": 1, "email": "someone@example.com"}

class TapProbe(Tap):
    name = "tap-probe"
    config_jsonschema = th.PropertiesList().to_dict()

    def discover_streams(self):
        return [Users(self)]

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
    capabilities: [catalog, discover, stream-maps]
    settings: [{name: stream_maps, kind: object}]
    config: {stream_maps: {users: {email: $1}}}
YML
  ../venv/bin/meltano --log-level warning invoke tap-probe 2> log.txt > all.txt
  grep '"RECORD"' all.txt | grep -o '"record":{[^}]*}'
}
echo '{"stream_maps": {"users": {"email": null}}}' > config.json
alone=$(./tap.sh --config config.json 2>/dev/null | grep '"RECORD"' | grep -o '"record":{[^}]*}')
text=$(with __NULL__)
null=$(with 'null')
passed=$(../venv/bin/meltano --log-level error config print tap-probe | tr -d ' \n')
echo "null, the tap's own settings file: $alone"
echo "__NULL__ in meltano.yml:           $text"
echo "null in meltano.yml:               $null, warnings: $(cat log.txt), passed to the tap: $passed"
test "$alone" = '"record":{"id":1}' && test "$text" = '"record":{"id":1}'
test "$null" = '"record":{"id":1,"email":"someone@example.com"}'
test "$passed" = '{"stream_maps":{}}'
if grep -qi 'null\|stream_maps\|email' log.txt; then exit 1; fi
echo "as recorded with Meltano 4.4.1 and singer-sdk 0.54.9"
