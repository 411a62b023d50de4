#!/usr/bin/env bash
# google-cloud-bigquery 3.47.0 imports pandas as soon as it is installed, also for programs that use no data frame.
#
# Valid input: `import google.cloud.bigquery`, with and without pandas in the environment, which is an extra of the package.
# Expected: pandas is imported when a data frame is asked for, or read from a table.
# Seen: one import statement loads pandas and numpy. dbt-bigquery 1.12.1 requires the extra, so each start of dbt pays for
#   it: two fifths of the CPU seconds of `dbt --version`, for a project without Python models.
set -euo pipefail
folder=$(mktemp -d); trap 'rm -rf "$folder"' EXIT; cd "$folder"
python3 -m venv venv
venv/bin/pip install -q --disable-pip-version-check google-cloud-bigquery==3.47.0
cat > probe.py <<'PY'
import sys

import google.cloud.bigquery  # noqa: F401

print({name: name in sys.modules for name in ("pandas", "numpy")})
PY
venv/bin/python probe.py | tee seen.txt
venv/bin/pip install -q --disable-pip-version-check pandas==3.0.0
venv/bin/python probe.py | tee -a seen.txt
diff seen.txt - <<'TEXT'
{'pandas': False, 'numpy': False}
{'pandas': True, 'numpy': True}
TEXT
echo "as recorded with google-cloud-bigquery 3.47.0"
