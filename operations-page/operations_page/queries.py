"""The SQL: one statement a part of the page. No column with an id or a text of a ticket or user is read.

`{zendesk}` and `{messages}` are the datasets. Partitions are pruned by constants, which BigQuery needs for that.
"""

from __future__ import annotations

import dataclasses

RUN_DAYS = 14
PUBLISHED_DAYS = 30
REFUSED_DAYS = 90
DRIFT_DAYS = 7
"""As target-bigquery:check."""


@dataclasses.dataclass(frozen=True)
class Query:
    """`needs`: tables and views without which the part stays empty."""

    sql: str
    needs: tuple[str, ...]


RUNS = Query(
    f"""
    SELECT * FROM {{zendesk}}.PIPELINE_RUN_latest
    WHERE started_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {RUN_DAYS} DAY)
    ORDER BY started_at DESC
    """,
    ("zendesk.PIPELINE_RUN_latest",),
)

EXPORTS = Query(
    """
    SELECT table_name, bq_inserted_at, zendesk_time, export_count, run_length_sec, end_time, end_cursor, in_progress_at
    FROM {zendesk}.EXPORT_METADATA_latest
    ORDER BY table_name
    """,
    ("zendesk.EXPORT_METADATA_latest",),
)

# The last two complete exports of each incremental model, the older one first.
STARTS = Query(
    """
    SELECT table_name, start_time, start_cursor, end_time, end_cursor
    FROM {zendesk}.EXPORT_METADATA
    WHERE export_status = 'complete'
      AND bq_partition >= DATE_SUB(CURRENT_DATE(), INTERVAL 7 DAY)
      AND (end_time IS NOT NULL OR end_cursor IS NOT NULL)
    QUALIFY ROW_NUMBER() OVER (PARTITION BY table_name ORDER BY bq_inserted_at DESC) <= 2
    ORDER BY table_name, bq_inserted_at
    """,
    ("zendesk.EXPORT_METADATA",),
)

PUBLISHED = Query(
    f"""
    SELECT TIMESTAMP_TRUNC(published_at, HOUR) AS hour, COUNT(*) AS messages, COUNT(replay_of) AS replayed
    FROM {{messages}}.zendesk_ticket
    WHERE published_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {PUBLISHED_DAYS} DAY)
    GROUP BY hour
    ORDER BY hour
    """,
    ("messages.zendesk_ticket",),
)

WAITING = Query(
    """
    SELECT missing.reason, missing.field,
      CASE
        WHEN first_seen_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 HOUR) THEN 0
        WHEN first_seen_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 1 DAY) THEN 1
        WHEN first_seen_at > TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL 7 DAY) THEN 2
        ELSE 3
      END AS age,
      COUNT(DISTINCT ticket_id) AS tickets
    FROM {zendesk}.TICKET_USER_JOIN_ERROR_latest, UNNEST(unjoined) AS missing
    WHERE is_waiting
    GROUP BY 1, 2, 3
    ORDER BY 1, 2, 3
    """,
    ("zendesk.TICKET_USER_JOIN_ERROR_latest", "messages.zendesk_ticket_waiting"),
)

WAITING_TICKETS = Query(
    """
    SELECT COUNT(*) AS tickets,
      COUNTIF(EXISTS(SELECT 1 FROM UNNEST(unjoined) AS missing WHERE missing.reason = 'not_in_directory')) AS unknown,
      MIN(IF(
        EXISTS(SELECT 1 FROM UNNEST(unjoined) AS missing WHERE missing.reason = 'not_in_directory'), first_seen_at, NULL
      )) AS unknown_since
    FROM {zendesk}.TICKET_USER_JOIN_ERROR_latest
    WHERE is_waiting
    """,
    WAITING.needs,
)

REJECTED = Query(
    """
    SELECT stream, `column`, reason, rejected_by, COUNT(*) AS records, MIN(first_rejected_at) AS since
    FROM {zendesk}.REJECTED_RECORD_latest
    GROUP BY 1, 2, 3, 4
    ORDER BY records DESC
    """,
    ("zendesk.REJECTED_RECORD_latest", "zendesk.REJECTED_RECORD"),
)

DRIFT = Query(
    f"""
    SELECT model, property, json_types, first_seen_at AS since, row_count AS records
    FROM {{zendesk}}.SCHEMA_DRIFT_latest
    WHERE last_seen_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {DRIFT_DAYS} DAY)
    ORDER BY since DESC, model, property
    """,
    ("zendesk.SCHEMA_DRIFT_latest", "zendesk.SCHEMA_DRIFT"),
)

# What stands behind the colon of a reason is a figure, or Google's own text.
REFUSED = Query(
    f"""
    WITH refused AS (
      SELECT ticket_id, reason, refused_at FROM {{messages}}.zendesk_ticket_refused
      WHERE refused_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {REFUSED_DAYS} DAY)
      QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY refused_at DESC) = 1
    ),
    published AS (
      SELECT ticket_id, MAX(published_at) AS published_at FROM {{messages}}.zendesk_ticket
      WHERE published_at >= TIMESTAMP_SUB(CURRENT_TIMESTAMP(), INTERVAL {REFUSED_DAYS} DAY)
      GROUP BY ticket_id
    )
    SELECT SPLIT(reason, ':')[OFFSET(0)] AS reason, COUNT(*) AS messages, MAX(refused_at) AS latest
    FROM refused LEFT JOIN published USING (ticket_id)
    WHERE published_at IS NULL OR published_at < refused_at
    GROUP BY 1
    ORDER BY messages DESC
    """,
    ("messages.zendesk_ticket_refused", "messages.zendesk_ticket"),
)

ERASURES = Query(
    """
    SELECT request, kind, mode, started_at, ended_at, ids,
      (SELECT SUM(erased.row_count) FROM UNNEST(tables) AS erased) AS erased_rows
    FROM {zendesk}.ERASURE
    ORDER BY started_at DESC
    LIMIT 20
    """,
    ("zendesk.ERASURE",),
)
