#!/usr/bin/env bash
# Meltano 4.4.1: `auto_install: false` in meltano.yml, or MELTANO_AUTO_INSTALL=false, does not stop automatic installs.
#
# Valid input: a project that turns `auto_install` off, as the settings reference allows, and a plugin that is not
#   installed yet, invoked without an option.
# Expected: as with --no-install: no environment is made, and the error says to run `meltano install`.
# Seen: the plugin is installed and runs. Only the option --no-install is obeyed. Where images are built once and must not
#   change at run time, the setting gives no protection.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv && venv/bin/pip install -q --disable-pip-version-check meltano==4.4.1
mkdir project && cd project
cat > meltano.yml <<'YML'
project_id: 00000000-0000-4000-8000-000000000000
send_anonymous_usage_stats: false
auto_install: false
default_environment: dev
environments: [{name: dev}]
plugins:
  utilities:
  - {name: probe, namespace: probe, pip_url: wheel==0.45.1, executable: wheel}
YML
meltano() { PATH="$folder/venv/bin:$PATH" ../venv/bin/meltano --log-level error "$@"; }
installed() { if test -e .meltano/utilities/probe/venv/bin/wheel; then echo installed; else echo "not installed"; fi; }
echo "auto_install is $(meltano config print meltano --format=env 2>/dev/null | grep -o 'AUTO_INSTALL=.*')"
option=0; meltano invoke --no-install probe version > /dev/null 2>&1 || option=$?
echo "--no-install: exit $option, $(installed)"
test "$option" -ne 0 && test "$(installed)" = "not installed"
setting=0; MELTANO_AUTO_INSTALL=false meltano invoke probe version > output.txt 2>&1 || setting=$?
echo "auto_install: false: exit $setting, $(installed), $(grep -o '^wheel [0-9.]*' output.txt)"
test "$setting" -eq 0 && test "$(installed)" = installed
echo "as recorded with Meltano 4.4.1"
