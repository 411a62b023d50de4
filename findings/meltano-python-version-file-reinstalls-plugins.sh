#!/usr/bin/env bash
# Meltano 4.4.1: with a .python-version file in the project, each invocation installs the plugin again.
#
# Valid input: a project with a .python-version that names the Python that Meltano itself runs on, and a plugin that
#   `meltano install` has installed.
# Expected: `meltano invoke` finds the environment unchanged and runs the plugin at once, as without the file.
# Seen: each invocation installs again, seconds of work (the fingerprint file is written again). The environment's stored
#   fingerprint has the file's version; it is compared with one made without the file. MELTANO_PYTHON avoids it.
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
  utilities:
  - {name: probe, namespace: probe, pip_url: wheel==0.45.1, executable: wheel}
YML
meltano() { PATH="$folder/venv/bin:$PATH" ../venv/bin/meltano --log-level error "$@"; }
written_at_install=.meltano/utilities/probe/venv/.meltano_plugin_fingerprint
touch -d 2001-01-01 long_ago
invoke() {
    touch -d 2000-01-01 "$written_at_install"
    meltano invoke probe version > /dev/null 2>&1
    if test "$written_at_install" -nt long_ago; then echo installed again; else echo not installed again; fi
}
meltano install > /dev/null 2>&1
without=$(invoke)
../venv/bin/python -c 'import sys; print("%d.%d" % sys.version_info[:2])' > .python-version
meltano install > /dev/null 2>&1
first=$(invoke)
second=$(invoke)
export MELTANO_PYTHON="$folder/venv/bin/python"
meltano install > /dev/null 2>&1
setting=$(invoke)
echo "without .python-version:        $without"
echo "with it, after an install:      $first"
echo "with it, once more:             $second"
echo "with it, and MELTANO_PYTHON:    $setting"
test "$without" = "not installed again" && test "$first" = "installed again"
test "$second" = "installed again" && test "$setting" = "not installed again"
echo "as recorded with Meltano 4.4.1"
