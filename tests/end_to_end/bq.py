"""Google's `bq`, as far as the runbook uses it: `bq --quiet query --use_legacy_sql=false --format=csv SQL`, CSV on stdout."""

import argparse
import csv
import os
import sys

from sandbox.bigquery import connect

parser = argparse.ArgumentParser()
parser.add_argument("--quiet", action="store_true", required=True)
parser.add_argument("command", choices=["query"])
parser.add_argument("--use_legacy_sql", choices=["false"], required=True)
parser.add_argument("--format", choices=["csv"], required=True)
parser.add_argument("sql")
result = connect(os.environ["BIGQUERY_EMULATOR_HOST"]).query_and_wait(parser.parse_args().sql)
written = csv.writer(sys.stdout, lineterminator="\n")
written.writerow(field.name for field in result.schema)
written.writerows(row.values() for row in result)
