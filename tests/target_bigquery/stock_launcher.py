"""The stock package as it is, with Google's clients pointed at emulators: it has no setting for that.

Runs in the environment of constraints/stock-target-bigquery.txt. BIGQUERY_EMULATOR_HOST and STORAGE_EMULATOR_HOST are
known to the clients themselves; what is missing is a login that an emulator accepts.
"""

import google.auth
from google.auth.credentials import AnonymousCredentials

google.auth.default = lambda *_, **__: (AnonymousCredentials(), "local-cityblock-data")

from target_bigquery.target import TargetBigQuery  # noqa: E402 - after the login

TargetBigQuery.cli()
