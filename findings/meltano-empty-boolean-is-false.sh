#!/usr/bin/env bash
# Meltano 4.4.1: an empty environment variable turns a boolean setting off; an integer setting ends in a traceback.
#
# Valid input: a plugin with `keep: boolean, value: true`, and TAP_PROBE_KEEP= in the environment, as a line
#   `TAP_PROBE_KEEP=` of a copied .env leaves it.
# Expected: the empty variable counts as not set, and the default (true) applies; or one sentence that names the setting.
# Seen: the setting is false, with source "the TAP_PROBE_KEEP environment variable" and no word in the log. An empty
#   variable of an integer setting is a ValueError from int() that does not name the setting.
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
  - name: tap-probe
    namespace: tap_probe
    executable: "true"
    settings:
    - {name: keep, kind: boolean, value: true}
    - {name: count, kind: integer, value: 3}
YML
meltano() { ../venv/bin/meltano --log-level error "$@"; }
unset_value=$(meltano config print tap-probe)
empty_boolean=$(TAP_PROBE_KEEP='' meltano config print tap-probe)
status=0; empty_integer=$(TAP_PROBE_COUNT='' meltano config print tap-probe 2>&1) || status=$?
echo "not set:       $unset_value"
echo "empty boolean: $empty_boolean"
echo "empty integer: exit $status, $(grep -o 'ValueError: .*' <<< "$empty_integer" | head -n 1)"
grep -q '"keep": true' <<< "$unset_value"
grep -q '"keep": false' <<< "$empty_boolean"
test "$status" -ne 0 && grep -q "ValueError: invalid literal for int() with base 10: ''" <<< "$empty_integer"
echo "as recorded with Meltano 4.4.1"
