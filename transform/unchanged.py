"""Whether views would be as they are if dbt ran again. Found out without dbt, whose start takes seconds.

A run of dbt leaves a digest in a label of PIPELINE_RUN. It is of all that decides what dbt builds:

- the project: its files, dbt's version, its variables of the environment;
- what dbt reads, as it was before the run: tables, and of EXPORT_METADATA the latest complete exports;
- what dbt has built, as it was after the run, so that a view that was dropped or replaced since is noticed;
- the day, in UTC: whatever may be overlooked lasts no longer.

While dbt runs, the label has a token instead. A run that finds the token of another one, which may still be writing, or was
killed, leaves no digest.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

import google.auth
import google.oauth2.credentials
import jinja2
import yaml
from google.auth.transport.urllib3 import AuthorizedHttp
from urllib3 import PoolManager, Retry, Timeout

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

FOLDER = Path(__file__).parent
RUNS, EXPORTS = "PIPELINE_RUN", "EXPORT_METADATA"
READ_BY_COLUMNS = {RUNS, EXPORTS, "SCHEMA_DRIFT", "TICKET_USER_JOIN_ERROR"}
"""Tables whose rows decide about no view, except those of EXPORT_METADATA, which are asked for."""
READ_AND_BUILT = {"custom_field_column"}
"""dbt adds rows for its next run, and people change them."""
LABEL, RUNNING, UNKNOWN = "last_dbt_run", "running_", "unknown"
GOOGLE, SCOPE = "https://bigquery.googleapis.com", "https://www.googleapis.com/auth/cloud-platform"
SECONDS, CONNECTIONS = 60, 8

Table = tuple[str, str, str]
"""Project, dataset, table or view."""


class UnknownError(Exception):
    """Why it is not known whether anything has changed; without content."""


class Project:
    """The dbt project of this folder, and its target, as these variables of the environment choose them."""

    def __init__(self, environment: Mapping[str, str], folder: Path = FOLDER) -> None:
        self._environment, self._folder = environment, folder
        self._jinja = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - SQL and settings
        settings = yaml.load((folder / "dbt_project.yml").read_bytes(), yaml.CSafeLoader)
        profiles = self._rendered((folder / "profiles.yml").read_text(), env_var=environment.get)
        profile = yaml.load(profiles, yaml.CSafeLoader)[settings["profile"]]
        self.target = profile["outputs"][environment.get("DBT_TARGET") or profile["target"]]
        self.built = {self.table(path.stem) for path in (folder / "models").rglob("*.sql")}
        self.sources = set(self._sources(settings["vars"]))

    def _rendered(self, text: str, **names: object) -> str:
        return self._jinja.from_string(text, names).render() if "{{" in text else text

    def _sources(self, variables: Mapping[str, object]) -> Iterator[Table]:
        known = {"var": variables.get, "target": {**self.target, "schema": self.target["dataset"]}}
        sources = yaml.load((self._folder / "models" / "sources.yml").read_bytes(), yaml.CSafeLoader)
        for source in sources["sources"]:
            project = self._rendered(source.get("database", self.target["project"]), **known)
            dataset = self._rendered(source["schema"], **known)
            for table in source["tables"]:
                yield project, dataset, self._rendered(table.get("identifier", table["name"]), **known)

    def table(self, name: str) -> Table:
        return self.target["project"], self.target["dataset"], name

    def is_read_by_columns(self, table: Table) -> bool:
        return table != self.table(table[-1]) or table[-1] in READ_BY_COLUMNS

    def macros(self, started: dt.datetime) -> Any:  # noqa: ANN401 - a module of jinja2
        """Those that write SQL without a connection, of a run that started then."""
        names = {
            "execute": True,
            "existing": lambda _source, table: quoted(self.table(table)),
            "flags": {"WHICH": "run"},
            "modules": {"datetime": dt, "pytz": SimpleNamespace(utc=dt.UTC)},
            "return": lambda value: value,
            "run_started_at": started,
        }
        files = (self._folder / "macros" / name for name in ("exports.sql", "pipeline_run.sql"))
        return self._jinja.from_string("".join(path.read_text() for path in files), names).module

    def digest(self) -> str:
        """Of the files, the variables and the target."""
        digest = hashlib.sha256()
        folders = (path for name in ("macros", "models") for path in (self._folder / name).rglob("*.*"))
        for path in sorted([*folders, *self._folder.glob("*.yml"), *self._folder.glob("*.py")]):
            content = path.read_bytes()
            digest.update(f"{path.relative_to(self._folder)} {len(content)}\n".encode() + content)
        variables = sorted(pair for pair in self._environment.items() if pair[0].startswith("DBT_"))
        digest.update(json.dumps([variables, self.target]).encode())
        return digest.hexdigest()


class BigQuery:
    """Its REST API. https://cloud.google.com/bigquery/docs/reference/rest, read on 28 November 2026."""

    def __init__(self, target: Mapping[str, Any]) -> None:
        if target["method"] == "oauth-secrets":
            credentials: Any = google.oauth2.credentials.Credentials(target["token"])  # type: ignore[no-untyped-call]
        elif target["method"] == "oauth":
            credentials, _ = google.auth.default([SCOPE])
        else:
            raise UnknownError(f"method {target['method']} of profiles.yml")
        again = Retry(2, status=0, allowed_methods=None)  # to repeat any of these requests is harmless
        pool = PoolManager(maxsize=CONNECTIONS, timeout=Timeout(SECONDS), retries=again)
        self._http = AuthorizedHttp(credentials, pool)  # type: ignore[no-untyped-call]
        self._url = f"{target.get('api_endpoint', GOOGLE)}/bigquery/v2/projects"
        self._target = target

    def call(
        self, method: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> Any:  # noqa: ANN401 - JSON
        """None if it does not exist. Raises UnknownError."""
        headers = {"Content-Type": "application/json", **(headers or {})}
        content = json.dumps(body) if body else None
        answer = self._http.request(method, f"{self._url}/{path}", body=content, headers=headers)
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise UnknownError(f"BigQuery answers {method} with HTTP {answer.status}")
        return json.loads(answer.data)

    def names(self, project: str, dataset: str) -> set[Table]:
        """Of the tables and views of a dataset."""
        names: set[Table] = set()
        token: str | None = ""
        while True:
            parameters = urlencode({"maxResults": 1000, **({"pageToken": token} if token else {})})
            page = self.call("GET", f"{project}/datasets/{dataset}/tables?{parameters}") or {}
            names |= {(project, dataset, one["tableReference"]["tableId"]) for one in page.get("tables", ())}
            token = page.get("nextPageToken")
            if not token:
                return names

    def tables(self, names: Iterable[Table]) -> dict[Table, Any]:
        """All that BigQuery says of each; None if it is gone."""
        with ThreadPoolExecutor(CONNECTIONS) as threads:
            found = {name: threads.submit(self.call, "GET", path_of(name)) for name in names}
        return {name: asked.result() for name, asked in found.items()}

    def query(self, statement: str) -> list[list[Any]]:
        body = {"query": statement, "useLegacySql": False, "timeoutMs": SECONDS * 1000}
        if "location" in self._target:
            body["location"] = self._target["location"]
        answer = self.call("POST", f"{self._target['project']}/queries", body)
        if not answer or not answer.get("jobComplete") or answer.get("pageToken"):
            raise UnknownError("BigQuery does not answer a query in one page")
        return [[field["v"] for field in row["f"]] for row in answer.get("rows", ())]


def quoted(table: Table) -> str:
    return f"`{'`.`'.join(table)}`"


def path_of(table: Table) -> str:
    project, dataset, name = table
    return f"{project}/datasets/{dataset}/tables/{name}"


class Found(NamedTuple):
    """In the warehouse, as JSON, by the name of the table or view."""

    read: dict[str, Any]
    built: dict[str, Any]
    label: str
    etag: str
    """Of the table with the label."""


class LastRun:
    """Of dbt, and the one that begins now."""

    def __init__(
        self, environment: Mapping[str, str], dbt: str, started: dt.datetime, folder: Path = FOLDER
    ) -> None:
        """`dbt`: its version. Raises UnknownError."""
        self._dbt, self._started = dbt, started
        self._project = Project(environment, folder)
        self._files = self._project.digest()
        self._macros = self._project.macros(self._started)
        self._bigquery = BigQuery(self._project.target)
        self._before = self._look()
        self._token = RUNNING + secrets.token_hex(8)

    def _look(self) -> Found:
        project = self._project
        known = project.built | project.sources
        present = set().union(*(self._bigquery.names(*dataset) for dataset in {name[:2] for name in known}))
        tables = self._bigquery.tables(known & present)
        runs, exports = tables.get(project.table(RUNS)), tables.get(project.table(EXPORTS))
        if not runs or not exports:
            raise UnknownError(f"{RUNS} or {EXPORTS} does not exist yet")
        read = {
            ".".join(name): table["schema"] if project.is_read_by_columns(name) else version_of(table)
            for name, table in tables.items()
            if table and (name in project.sources or name[-1] in READ_AND_BUILT)
        }
        built = {".".join(name): version_of(tables[name]) for name in project.built & tables.keys()}
        label = runs.get("labels", {}).get(LABEL, UNKNOWN)
        return Found({**read, "exports": self._exports(exports)}, built, label, runs["etag"])

    def _exports(self, table: Any) -> list[list[Any]]:  # noqa: ANN401 - JSON
        """The exports whose rows views of bulk models show: table, export, day."""
        columns = [field["name"] for field in table["schema"]["fields"]]
        since = self._started - dt.timedelta(days=int(self._macros.recent_days()))
        asked = quoted(self._project.table(EXPORTS)), columns, since.date().isoformat()
        rows = self._bigquery.query(self._macros.latest_exports(*asked))
        return sorted(
            [name, rows_export, day]
            for name, _, rows_export, day in rows
            if self._project.table(f"{name}_current") not in self._project.built
        )

    def _digest(self, built: dict[str, Any]) -> str:
        """As a label's value, which has at most 63 characters."""
        day = self._started.date().isoformat()
        found = json.dumps([day, self._dbt, self._files, self._before.read, built], sort_keys=True)
        return hashlib.sha256(found.encode()).hexdigest()[:63]

    @property
    def digest(self) -> str:
        """Of what there is."""
        return self._digest(self._before.built)

    def is_current(self) -> bool:
        """Whether dbt would build what there is."""
        return self._before.label == self.digest

    def record(self) -> None:
        """In PIPELINE_RUN, as dbt does it. Raises UnknownError."""
        self._bigquery.query(self._macros.record_run([]))

    def begin(self) -> None:
        """Before dbt. Raises UnknownError, also if another run begins at the same time."""
        self._write(self._token, self._before.etag)

    def end(self, *, is_complete: bool) -> None:
        """After dbt. Raises UnknownError."""
        after = self._look()
        if after.label == self._token:
            is_known = is_complete and not self._before.label.startswith(RUNNING)
            self._write(self._digest(after.built) if is_known else UNKNOWN, after.etag)

    def _write(self, value: str, etag: str) -> None:
        path, body = path_of(self._project.table(RUNS)), {"labels": {LABEL: value}}
        self._bigquery.call("PATCH", path, body, {"If-Match": etag})


def version_of(table: Any) -> list[Any]:  # noqa: ANN401 - JSON
    """What changes with the table's rows, columns and definition."""
    return (
        [table.get(name) for name in ("type", "creationTime", "lastModifiedTime", "numRows", "schema")]
        if table
        else []
    )
