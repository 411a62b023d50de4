"""What a row of the models table is made of. The table itself is in models.py."""

from __future__ import annotations

from datetime import UTC, datetime
from enum import Enum
from typing import TYPE_CHECKING

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_zendesk_cityblock.fallback_records import Record


class Paging(Enum):
    """Zendesk's pagination methods: how the first page is requested. The response decides how a list goes on.

    https://developer.zendesk.com/api-reference/introduction/pagination/ and
    https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/, read in November 2026.
    """

    EXPORT_CURSOR = "start_time once, then the cursor; the last page's cursor is where the next run starts"
    EXPORT_TIME = "start_time, then each page's end_time, which repeats the rows of that second"
    EXPORT_NEXT = "start_time once, then the query of next_page; the last page's is where the next run starts"
    LIST_CURSOR = "page[size] and page[after]"
    NEXT_PAGE = "per_page, then the query of next_page"
    NONE = "no pagination, as documented; if the response shows more pages, they are read"


EXPORTS = frozenset({Paging.EXPORT_CURSOR, Paging.EXPORT_TIME, Paging.EXPORT_NEXT})
LARGEST_PAGE = {
    Paging.EXPORT_CURSOR: 1000,
    Paging.EXPORT_TIME: 1000,
    Paging.LIST_CURSOR: 100,
    Paging.NEXT_PAGE: 100,
}


class Derivation(msgspec.Struct, frozen=True):
    """Where a derived model's rows are inside the objects of the model `of`, whose pages contain them.

    `within` is the property that holds one row or, with `event_types`, the child events of a ticket event, of which those
    types are rows. `by_field`: a child event is one row per field that it changed; `of_attachments`: one row per attachment of a
    comment. `as_text`: columns of any value, stored as text or JSON. `copied`: pairs of our column and the property of the surrounding object that fills it. `include`: the
    sideload to request.
    """

    of: str
    within: str
    event_types: frozenset[str] = frozenset()
    by_field: bool = False
    of_attachments: bool = False
    as_text: frozenset[str] = frozenset()
    copied: tuple[tuple[str, str], ...] = ()
    include: str | None = None

    @property
    def needed(self) -> frozenset[str]:
        """The properties of that model's objects that rows are made of."""
        return frozenset({self.within, *(theirs for _, theirs in self.copied)})


class Parent(msgspec.Struct, frozen=True):
    """A model with one path per object. `column` is the placeholder in the path, and the column with the parent's key."""

    model: str
    column: str


class NamedBy(msgspec.Struct, frozen=True):
    """A model with a list for each object that has changed: the export of `model` names it in `column`, which is also the
    placeholder in the path.
    """

    model: str
    column: str


class Window(msgspec.Struct, frozen=True):
    """A list that is requested in spans of `days`.

    `since` and `until` are the query parameters, in seconds since 1970 or in ISO 8601. `in_order`: rows are sorted by the
    model's clock, so that each page is a position to continue from.
    """

    since: str
    until: str
    days: int
    in_seconds: bool = False
    in_order: bool = False

    def bounds(self, start: int, end: int) -> dict[str, str]:
        """The query. If both bounds share one parameter, it takes both."""
        since, until = (
            str(moment)
            if self.in_seconds
            else datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
            for moment in (start, end)
        )
        return (
            {self.since: f"{since},{until}"}
            if self.since == self.until
            else {self.since: since, self.until: until}
        )


class SourceStrategy(Enum):
    """How a fallback source shows what changed since a time."""

    SORTED = "sort=updated_at: its cursor is a time and an ID, and is where the next run starts"
    WHOLE = "in another order: all of it is read every run, and older objects are skipped"
    SEARCHED = "search/export, one span of time after the other, because its cursors expire"


class Source(msgspec.Struct, frozen=True):
    """A list or search that is read when incremental exports may not be used.

    Zendesk's lists lack archived and deleted objects, so a model needs up to three sources. `name` is the position's key
    in the bookmark; `clock` is the property with an object's last change; `as_exported` gives a record the shape that the
    export would give it, from the record and the epoch seconds of its last change.
    """

    name: str
    path: str
    root: str
    strategy: SourceStrategy
    clock: str = "updated_at"
    as_exported: Callable[[Record, int | None], Record] | None = None


class DeletionStub(msgspec.Struct, frozen=True):
    """The rows that a fallback source has of deleted objects, of which only `columns` are known.

    `is_whole`: SQL condition that is true for all other rows.
    """

    is_whole: str
    columns: tuple[str, ...]


class Partition(msgspec.Struct, frozen=True):
    """How the current table of a large model is partitioned, so that a merge changes few rows of it.

    `by`: "ids", ranges of the sequential numbers in column `on`; "day", of the time in `on`; "hash", of the key. `on` never
    changes: an object's versions are all in one partition.
    """

    by: str
    on: str | None = None


class Computed(msgspec.Struct, frozen=True):
    """A column of a current table and its view that is not personal, computed from personal columns of the same row.

    `type` is BigQuery's. `sql` reads the columns, or properties of RECORD columns, in `of`.
    """

    name: str
    type: str
    of: tuple[str, ...]
    sql: str
    description: str


class Model(msgspec.Struct, frozen=True):
    """How one model is retrieved, and what its view needs to know.

    `name` is the table's name, and `root` the key of the objects in a page, not always the plural of the name. `clock` is
    the property that orders versions of an object; `query` is sent with every request; `largest_page` is given if it is
    not that of `paging`. `left_out` are properties that repeat others, embed other models or are credentials. A derived
    model has a `derivation`, and path, root, paging and query of the model that it is derived from. `comes_with`: models of the
    same pages whose views need it, so that it is exported wherever one of them is, without being named. `by_support_type`: its
    export leaves out tickets of AI agents unless `support_type_scope` asks for them (OpenAPI document of July 2026).

    `compared`: columns or paths of text that views join or compare, so that it may not be hashed. `partition` is that of its current table, none
    for a small one; `computed`, further columns of it. `is_deleted` is the SQL condition for a deleted object, if
    its rows show that. `fallback`: what is read instead, if
    `incremental_exports` is false. `is_searchable`: Zendesk's Search can count what changed.

    Whose content a row's personal columns have, for erasing it: `ticket`, the column with the ticket's ID; `users`, IDs of
    users whom the row is about; `participants`, of users who took part in the row's ticket: its text is the ticket's, and the
    rest of it may identify them; `others`, of further users of the ticket, whom other rows of it may name; `addresses`, email
    addresses of people who took part. `with_names`: columns of text or JSON that have names or addresses in properties of
    their own. A path is a column, or goes on into a RECORD or JSON column with `.name`, or `[].name` for a list; after `?`
    follows a condition in SQL.

    `goes_with_ticket`: a deleted ticket's objects are deleted, too, though no export says so; once the ticket is scrubbed, the
    view shows no personal values, except in rows for which `kept_of_scrubbed` holds, an SQL condition. `comments`: SQL for JSON
    with the ids of the comments whose text a row of the view has, so that redactions hide it. `goes_with_user`: so are rows
    whose user, the first of `users`, is deleted permanently; the view leaves them out.

    `scope`: the narrowest known OAuth scope, for the check; `is_scope_verified` is false if no documentation and no exporter
    that asks for it says that it suffices for this path, only its name. For docs/models.md: `plan`, the Zendesk plan or add-on that has the
    model, if not all have; `note`. `is_retired`: Zendesk's documentation no longer has it, and most accounts return 404.
    """

    name: str
    path: str
    root: str
    paging: Paging
    key: str = "id"
    clock: str = "updated_at"
    query: tuple[tuple[str, str], ...] = ()
    left_out: frozenset[str] = frozenset()
    largest_page: int | None = None
    derivation: Derivation | None = None
    comes_with: frozenset[str] = frozenset()
    parent: Parent | None = None
    named_by: NamedBy | None = None
    window: Window | None = None
    by_support_type: bool = False
    compared: frozenset[str] = frozenset()
    partition: Partition | None = None
    computed: tuple[Computed, ...] = ()
    is_deleted: str | None = None
    deletion_stub: DeletionStub | None = None
    fallback: tuple[Source, ...] = ()
    is_searchable: bool = False
    ticket: str | None = None
    goes_with_ticket: bool = False
    kept_of_scrubbed: str | None = None
    comments: str | None = None
    goes_with_user: bool = False
    users: tuple[str, ...] = ()
    participants: tuple[str, ...] = ()
    others: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()
    with_names: frozenset[str] = frozenset()
    scope: str = "read"
    is_scope_verified: bool = True
    plan: str | None = None
    note: str | None = None
    is_retired: bool = False

    @property
    def is_incremental(self) -> bool:
        return self.window is not None or self.named_by is not None or self.paging in EXPORTS

    @property
    def is_searched_first(self) -> bool:
        """Whether its first export may begin with searches, which return more objects a minute than its export."""
        return self.is_searchable and self.paging is Paging.EXPORT_CURSOR

    @property
    def whole(self) -> str:
        """The model whose pages contain its rows: itself, unless it is derived."""
        return self.derivation.of if self.derivation else self.name

    def derive(  # noqa: PLR0913 - a row of the table
        self,
        name: str,
        *,
        clock: str,
        derivation: Derivation,
        comes_with: frozenset[str] = frozenset(),
        left_out: frozenset[str] = frozenset(),
        partition: Partition | None = None,
        computed: tuple[Computed, ...] = (),
        compared: frozenset[str] = frozenset(),
        ticket: str = "ticket_id",
        goes_with_ticket: bool = False,
        kept_of_scrubbed: str | None = None,
        comments: str | None = None,
        participants: tuple[str, ...] = (),
        with_names: frozenset[str] = frozenset(),
        note: str | None = None,
    ) -> Model:
        """A model that is made of this one's pages."""
        return Model(
            name,
            self.path,
            self.root,
            self.paging,
            clock=clock,
            query=self.query,
            derivation=derivation,
            comes_with=comes_with,
            left_out=left_out,
            by_support_type=self.by_support_type,
            compared=compared,
            partition=partition,
            computed=computed,
            ticket=ticket,
            goes_with_ticket=goes_with_ticket,
            kept_of_scrubbed=kept_of_scrubbed,
            comments=comments,
            note=note,
            participants=participants,
            with_names=with_names,
            scope=self.scope,
        )
