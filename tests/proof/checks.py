"""What has to hold after a round: warehouse, messages and state against the account, and nothing left behind.

Each check returns sentences about what is wrong, with ids and numbers only.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import re
from collections import Counter, defaultdict
from datetime import datetime

import msgspec
from google.api_core.exceptions import NotFound
from tap_zendesk_cityblock.columns import MARK, load_schema
from target_zendesk_pubsub.directory import Person, join
from target_zendesk_pubsub.messages import encode_into, message_key
from target_zendesk_pubsub.tickets import Record, ticket_of

from sandbox.addresses import DATASET, MESSAGES_DATASET
from sandbox.comparison import canonical
from sandbox.zendesk.tickets import SCRUBBED
from tests.proof.jobs import BULK, INCREMENTAL
from tests.target_zendesk_pubsub.commons import Received

MODELS = (*BULK, *INCREMENTAL)
LOG = f"{MESSAGES_DATASET}.zendesk_ticket"
ROLES = ("requester_id", "submitter_id", "assignee_id")
NAMED = r'\b(ticket_)?(id|key)\\*": ?\\*"?{}\b'
"""Pattern for a row as JSON, which may have JSON in a string, that has this id. A message id may be the same number."""
LISTS = ("collaborator_ids", "follower_ids", "email_cc_ids")


def views(world, erased, models=MODELS):
    """Every view against the account, by key and content. What belongs to an erased ticket or user: without personal columns."""
    users = {one["id"] for one in world.objects("user") if one.get("permanently_deleted")}
    erased = {*erased, *of_erased_users(world)}
    for model in models:
        known = world.columns.get(model)
        properties = {
            name: part
            for name, part in load_schema(model)["properties"].items()
            if known is None or name in known
        }
        personal = {name for name, part in properties.items() if MARK in part}

        def content(row, model=model, properties=properties, personal=personal):
            blanked = is_blanked(model, row, erased, users)
            names = [name for name in properties if not (blanked and name in personal)]
            return canonical({name: row.get(name) for name in names if not name.startswith("_")})

        truth = {row["id"]: content(row) for row in world.objects(model)}
        rows = world.rows(f"SELECT TO_JSON_STRING(t) AS line FROM {DATASET}.{model}_latest AS t")
        view = [json.loads(row["line"]) for row in rows]
        shown = {row["id"]: content(row) for row in view}
        if len(shown) < len(view):
            yield f"{model}_latest: {len(view) - len(shown)} keys are there twice"
        for what, keys in (
            ("lacks", truth.keys() - shown.keys() - (world.unread if model == "ticket" else set())),
            ("has too many of", shown.keys() - truth.keys()),
            ("is wrong about", {key for key in truth.keys() & shown.keys() if truth[key] != shown[key]}),
        ):
            if keys:
                yield f"{model}_latest {what} {sorted(keys)[:5]} ({len(keys)} rows)"


def is_blanked(model, row, erased, users):
    """Whether an erasure or a sweep may have blanked its personal columns."""
    if model == "user":
        return row["id"] in users
    if model != "ticket":
        return False
    took_part = {row[role] for role in ROLES} | {one for name in LISTS for one in row.get(name) or ()}
    return row["id"] in erased or row["subject"] in (SCRUBBED, None) or bool(took_part & users)


def of_erased_users(world):
    """Tickets in which erased users took part, perhaps only by rows of models that a run of Meltano has exported."""
    try:
        rows = world.rows(f"SELECT id FROM {DATASET}.ERASED_ID WHERE about = 'ticket'")
    except NotFound:
        return set()  # nothing has been erased
    return {row["id"] for row in rows}


def exports(world, bookmarks, models=MODELS):
    """Cursors are where the account ends, in the state and in EXPORT_METADATA; a complete export has its rows."""
    for model in ("ticket", "user"):
        sql = (
            f"SELECT end_cursor FROM {DATASET}.EXPORT_METADATA WHERE table_name = '{model}' "
            "AND export_status = 'complete' ORDER BY bq_inserted_at DESC LIMIT 1"
        )
        yield from at_end(world, model, "the state", bookmarks[model]["cursor"])
        yield from at_end(world, model, "EXPORT_METADATA", world.rows(sql)[0]["end_cursor"])
    for model in models:
        sql = f"""
            SELECT e.export_id, e.export_count, COUNT(DISTINCT TO_JSON_STRING(t)) AS there
            FROM {DATASET}.EXPORT_METADATA AS e LEFT JOIN {DATASET}.{model} AS t ON t._export_id = e.export_id
            WHERE e.table_name = '{model}' AND e.export_status = 'complete' AND e.rows_export_id IS NULL
            GROUP BY 1, 2
        """
        for row in world.rows(sql):
            if row["there"] < row["export_count"]:
                yield f"export {row['export_id']} of {model} counts {row['export_count']} rows, {row['there']} are there"


def published_to(world, bookmarks):
    yield from at_end(world, "ticket", "the state of publishing", bookmarks["ticket"]["cursor"])


def at_end(world, model, what, cursor):
    clock = "generated_timestamp" if model == "ticket" else "updated_at"
    last = max((_seconds(one[clock]), one["id"]) for one in world.objects(model))
    if (at := position(cursor)) != last:
        yield f"the cursor of {model} in {what} is at {at}, not {last}"


def _seconds(moment):
    return moment if isinstance(moment, int) else int(datetime.fromisoformat(moment).timestamp())


def position(cursor):
    """The (time, id) of the last object before it."""
    moment, _, number = base64.b64decode(cursor).decode().partition("||")
    return int(float(moment)), int(number.rstrip("|"))


def messages(world, erased):
    """The last message of each ticket, or the waiting version, is the transform of its state; keys are those of the data."""
    people = {
        row["zendesk_user_id"]: Person(row["zendesk_user_id"], row["kind"], row["internal_id"])
        for row in world.rows(f"SELECT * FROM {DATASET}.zendesk_user_directory")
    }
    published = {}
    for row in world.rows(f"SELECT * FROM {LOG} WHERE replay_of IS NULL ORDER BY published_at"):
        published[row["ticket_id"]] = row["data"]
        if row["data"] and message_key(row["ticket_id"], row["data"].encode()) != row["message_key"]:
            yield f"a message of ticket {row['ticket_id']} has the key of other data"
    waiting = payloads(world)
    for record in world.objects("ticket"):
        number = record["id"]
        if number not in erased and record["subject"] != SCRUBBED:
            wrong = wrong_message(record, people, published.get(number), waiting.get(number))
            if wrong:
                yield f"ticket {number} {wrong}"


def payloads(world):
    """The waiting version of each ticket that waits."""
    sql = f"""
        SELECT * FROM {MESSAGES_DATASET}.zendesk_ticket_waiting
        WHERE TRUE QUALIFY ROW_NUMBER() OVER (PARTITION BY ticket_id ORDER BY inserted_at DESC) = 1
    """
    return {row["ticket_id"]: row["payload"] for row in world.rows(sql) if row["message_key"] is not None}


def waiting(world):
    shown = world.rows(f"SELECT ticket_id FROM {DATASET}.TICKET_USER_JOIN_ERROR_latest WHERE is_waiting")
    if {row["ticket_id"] for row in shown} != payloads(world).keys():
        yield "TICKET_USER_JOIN_ERROR_latest shows other waiting tickets than there are"


def wrong_message(record, people, published, waiting):
    """What is wrong with the last message of a ticket and its waiting version, if anything. JSON, or None if there is none."""
    content = ticket_of(msgspec.convert(record, Record)).content
    unmatched = join(content, people)
    data = bytearray()
    encode_into(content, data)
    expected = json.loads(data)
    if waiting is not None:
        if not unmatched:
            return "waits, and all its users have a match"
        is_same = without_matches(json.loads(waiting)) == without_matches(expected)
        return None if is_same else "waits with an old version"
    if not published:
        return "has no message and does not wait"
    sent = json.loads(published)
    if without_matches(sent) != without_matches(expected):
        return "has another state than its last message"
    return "was published with wrong matches" if not unmatched and sent != expected else None


def without_matches(content):
    """Users by their Zendesk ids only: a match that was right when it was published may have gone since."""
    if isinstance(content, dict):
        return {
            name: without_matches(value)
            for name, value in content.items()
            if not ("zendeskUserId" in content and name in ("id", "kind"))
        }
    return [without_matches(one) for one in content] if isinstance(content, list) else content


def topic(world, received, most_repeats):
    """`received`: all that Commons ever got, in order. None is missing in the log, none of the log was not sent."""
    sql = f"SELECT ticket_id, message_key, message_id FROM {LOG} ORDER BY published_at"
    rows = world.rows(sql)
    logged = {(row["ticket_id"], row["message_key"]) for row in rows}
    sent = {(one.ticket_id, one.key) for one in received}
    if logged != sent:
        yield f"{len(sent - logged)} messages are not in the log, {len(logged - sent)} of the log were not sent"
    if not {row["message_id"] for row in rows} <= {one.message_id for one in received}:
        yield "the log has a message id that the topic does not have"
    versions, held = defaultdict(list), {}
    for one in received:
        version = int(one.attributes["generated_timestamp"])
        versions[one.ticket_id].append(version)
        if version >= held.get(one.ticket_id, (0, ""))[0]:
            held[one.ticket_id] = version, one.key
    last = {row["ticket_id"]: row["message_key"] for row in rows}
    wrong = [number for number, (_, key) in held.items() if last[number] != key]
    if wrong:
        yield f"Commons ends with another version than the log of {sorted(wrong)[:5]} ({len(wrong)} tickets)"
    for number, seen in versions.items():
        first = list(dict.fromkeys(seen))
        if first != sorted(first):
            yield f"ticket {number}: a version came after a later one"
    counted = repeats(received)
    if counted > most_repeats:
        yield f"{counted} messages came twice, {most_repeats} may"


def logged(world):
    """What Commons had received of an earlier release, by its log."""
    return [
        Received(
            row["ticket_id"],
            *("", row["message_key"], ""),
            json.loads(row["attributes"]),
            *({}, b"", row["message_id"]),
        )
        for row in world.rows(f"SELECT * FROM {LOG} ORDER BY published_at")
    ]


def repeats(received):
    """Messages that say what one before them of the same version has said."""
    seen = Counter((one.ticket_id, one.key, one.attributes["generated_timestamp"]) for one in received)
    return sum(seen.values()) - len(seen)


def erasures(world, texts):
    """Content that was erased is in no row of any table; views read nothing else."""
    samples = {number: sample(text) for number, text in texts.items()}
    for dataset in (DATASET, MESSAGES_DATASET) if samples else ():
        for table in world.client.list_tables(dataset):
            if table.table_type != "TABLE":
                continue
            # Other tickets may have the same sentences, and other objects the same id.
            has = ", ".join(
                f"COUNTIF(STRPOS(line, '{text}') > 0 AND REGEXP_CONTAINS(line, r'{NAMED.format(number)}')) AS t{number}"
                for number, text in samples.items()
            )
            sql = f"SELECT {has} FROM (SELECT TO_JSON_STRING(t) AS line FROM {dataset}.{table.table_id} AS t)"
            [row] = world.rows(sql)
            if found := [name[1:] for name, count in row.items() if count]:
                yield f"{table.table_id} has erased content of tickets {found}"


def sample(text):
    """What no level of JSON escapes, of several sentences: other objects may have one of them."""
    return max(re.findall(r"[ !#-&(-\[\]-~]+", text), key=len)[:200]


def leftovers(world):
    """Nothing of a killed process is left that the next run has to live with."""
    if multiprocessing.active_children():
        yield "a process outlived its run"
    files = sorted(path.name for path in (world.home / "files").iterdir())
    if files:
        yield f"temporary files are left: {files[:5]}"
    names = [table.table_id for table in world.client.list_tables(DATASET)]
    if unfinished := [name for name in names if name.startswith("_erasure")]:
        yield f"tables of unfinished erasures are left: {unfinished}"


def personal_texts(world):
    """Of tickets and users, long enough to say whose they are."""
    found = set()
    for model in ("ticket", "user"):
        names = [name for name, part in load_schema(model)["properties"].items() if MARK in part]
        for one in world.objects(model):
            found.update(_texts([one.get(name) for name in names]))
    return {
        text
        for text in found
        if len(text) > 8 and not text[:4].isdigit() and not re.fullmatch("[A-Za-z_]+", text)  # nor tags
    }


def _texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for part in value.values() if isinstance(value, dict) else value:
            yield from _texts(part)


def logs(log, texts):
    """Nothing personal, and no credential."""
    if "sandbox-secret" in log:
        yield "a log has the client's secret"
    if leaked := sum(text in log for text in texts):
        yield f"a log has {leaked} personal texts"
