"""The warehouse as release af8b3be left it. record_release.py made release_af8b3be.jsonl.gz."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from google.cloud import bigquery
from tap_zendesk_cityblock.columns import EXPORT_COLUMNS

from sandbox.comparison import canonical

RECORDED = Path(__file__).with_name("release_af8b3be.jsonl.gz")
TIMES = (
    "_exported_at",
    "bq_inserted_at",
    "published_at",
    "intended_at",
    "refused_at",
    "inserted_at",
    "first_seen_at",
)
"""Columns with times of this machine; all others are Zendesk's."""
UPGRADED, ROLLED_BACK = [0, 1], 2
"""Runs of af8b3be: before the upgrade, and after this release had run."""


class Release:
    """What af8b3be wrote, run by run."""

    def __init__(self, client):
        self.client = client
        lines = [json.loads(line) for line in gzip.decompress(RECORDED.read_bytes()).splitlines()]
        self.began = [datetime.fromisoformat(one) for one in lines[0]["began"]]
        self.states = {one["state"]: one["content"] for one in lines if "state" in one}
        found = [one for one in lines if "name" in one]
        self.tables = [one for one in found if "rows" in one]
        self.views = [one for one in found if "view" in one["resource"]]
        self.days = {
            row["_export_id"]: row["_exported_at"]
            for one in self.tables
            for row in one["rows"]
            if "_export_id" in row
        }

    def create(self):
        for one in self.tables:
            kept = {
                key: one["resource"][key]
                for key in ("schema", "timePartitioning", "clustering")
                if key in one["resource"]
            }
            self.client.create_table(
                bigquery.Table.from_api_repr({"tableReference": self._reference(one), **kept})
            )

    def create_views(self):
        """Each after those that it reads."""
        left = list(self.views)
        while left:
            one = left.pop(0)
            if any(f"`{other['name']}`" in one["resource"]["view"]["query"] for other in left):
                left.append(one)
            else:
                view = {"query": one["resource"]["view"]["query"], "useLegacySql": False}
                self.client.create_table(
                    bigquery.Table.from_api_repr({"tableReference": self._reference(one), "view": view})
                )

    def rows(self, table, run):
        [found] = [one["rows"] for one in self.tables if one["name"] == table]
        return [row for row in found if self._run(row) == run]

    def columns(self, model):
        [table] = [one for one in self.tables if one["name"] == model]
        return {field["name"] for field in table["resource"]["schema"]["fields"]} - {*EXPORT_COLUMNS}

    def by_key(self, model, rows, runs):
        """Without the export of each row, and without columns and objects that af8b3be had not in these runs."""
        columns = self.columns(model)
        known = {row["id"] for run in runs for row in self.rows(model, run)}
        return {
            row["id"]: canonical({name: row[name] for name in row.keys() & columns})
            for row in rows
            if row["id"] in known
        }

    def write(self, runs, now):
        """The rows of these runs, as if the first of them had begun at `now`, without those that expire since."""
        moved, self._latest = now - self.began[runs[0]], datetime.now(UTC)
        age = self._latest - now
        for one in self.tables:
            expires = one["resource"].get("timePartitioning", {}).get("expirationMs")
            if expires and age > timedelta(milliseconds=int(expires)):
                continue
            rows = [self._moved(row, moved) for row in one["rows"] if self._run(row) in runs]
            if rows:
                config = bigquery.LoadJobConfig(schema=self.client.get_table(self._name(one)).schema)
                self.client.load_table_from_json(rows, self._name(one), job_config=config).result()

    def _run(self, row):
        time = next(row[name] for name in ("bq_inserted_at", *TIMES) if row.get(name))
        return sum(began <= datetime.fromisoformat(time) for began in self.began) - 1

    def _moved(self, row, by):
        def at(time):
            return min(datetime.fromisoformat(time) + by, self._latest)

        moved = {name: at(value).isoformat() for name, value in row.items() if name in TIMES and value}
        if "bq_partition" in row:  # the day of the export's rows
            moved["bq_partition"] = (
                at(self.days.get(row["export_id"], row["bq_inserted_at"])).date().isoformat()
            )
        return row | moved

    def _reference(self, one):
        return {"projectId": self.client.project, "datasetId": one["dataset"], "tableId": one["name"]}

    def _name(self, one):
        return f"{self.client.project}.{one['dataset']}.{one['name']}"
