"""The project's macros rendered without dbt, and the current state by all rows ever exported, to compare with."""

from __future__ import annotations

from typing import Any

import jinja2

from tests.transform.conftest import ROOT

MACROS = ROOT / "transform" / "macros"
FILES = ("merge.sql", "latest.sql")


def macros(*files: str, **context: Any) -> Any:
    """Of the files that need neither an adapter nor a connection. `context`: what dbt provides to others."""
    environment = jinja2.Environment(extensions=["jinja2.ext.do"])  # noqa: S701 - SQL
    environment.globals.update(execute=True, ref=lambda name: name, load_relation=lambda name: name)
    environment.globals.update(context)
    return environment.from_string("".join((MACROS / name).read_text() for name in files or FILES)).module


def latest_of_all(table: str, spec: dict[str, Any]) -> str:
    """What release 0.2 showed: it sorted all versions in every query."""
    key, clock, is_whole = spec["key"], spec["clock"], spec["is_whole"] or "true"
    replaced = ", ".join(
        f"if(stub._place < version._place, stub.{column}, version.{column}) as {column}"
        for column in [*spec["stub_columns"], "_export_id", "_exported_at"]
    )
    return f"""
with clocked as (
  select *, coalesce({clock}, max({clock}) over (partition by {key} order by _exported_at)) as _clock
  from {table}
),
placed as (
  select
    *,
    {is_whole} as _is_whole,
    row_number() over (
      partition by {key} order by _clock desc, _exported_at desc, {clock} desc, {is_whole}
    ) as _place
  from clocked
),
version as (
  select * from placed where true
  qualify row_number() over (partition by {key} order by _is_whole desc, _place) = 1
),
stub as (
  select * from placed where not _is_whole
  qualify row_number() over (partition by {key} order by _place) = 1
)
select version.* except (_clock, _is_whole, _place) replace ({replaced})
from version
left join stub on stub.{key} = version.{key}
"""
