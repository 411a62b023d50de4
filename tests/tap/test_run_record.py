"""The stream PIPELINE_RUN: what the tap reports of its run."""

import pytest

STREAM = "PIPELINE_RUN"
GROUPS = {"bulk_models": ["group"], "incremental_models": [], "record_run": True}
CANARY = "canary-of-a-ticket"


def start_and_end(run):
    start, end = run.records(STREAM)
    assert (start["event"], end["event"]) == ("start", "end")
    assert (start["run_id"], start["started_at"]) == (end["run_id"], end["started_at"])
    return end


def test_a_run_reports_its_start_before_all_else_and_its_end_after_all_else(tap, zendesk):
    zendesk.limits(account={"total": 100})
    zendesk.fault("/api/v2/groups", kind="status", status=503, times=1)

    run = tap(**GROUPS)

    assert [(m["type"], m.get("stream")) for m in run.messages[:2]] == [
        ("SCHEMA", STREAM),
        ("RECORD", STREAM),
    ]
    assert run.messages[-1]["stream"] == STREAM
    end = start_and_end(run)
    assert (end["ending"], end["error"], end["rejected_records"]) == ("complete", None, 0)
    assert end["remainder"] == []
    assert (end["requests"], end["retries"], end["rate_limited"]) == (2, 1, 0)
    assert end["waited_seconds"] > 0
    assert 0.01 <= end["quota_used"] <= 0.05
    assert STREAM not in run.states[-1]["bookmarks"]


def test_without_the_setting_it_reports_nothing(tap):
    assert tap(bulk_models=["group"], incremental_models=[]).records(STREAM) == []


@pytest.mark.parametrize(
    ("fault", "settings", "ending", "sentence"),
    [
        ({"status": 401, "times": 9}, {}, "failed", "HTTP 401"),
        ({"status": 403, "times": 9}, {}, "partly_unavailable", "group (HTTP 403"),
        (
            {"status": 429, "times": 9, "headers": {"Retry-After": "60"}},
            {"give_up_after": 2},
            "out_of_quota",
            "gave up after 1 tries",
        ),
    ],
)
def test_a_run_that_fails_reports_how_in_one_sentence(tap, zendesk, fault, settings, ending, sentence):
    zendesk.fault("/api/v2/groups", kind="status", **fault)

    run = tap(**GROUPS, **settings)

    end = start_and_end(run)
    assert run.code != 0
    assert end["ending"] == ending
    assert sentence in end["error"]
    assert end["error"] in run.stderr
    assert end["rate_limited"] == (ending == "out_of_quota")


def test_a_run_that_cannot_begin_says_so(tap):
    run = tap(**GROUPS, state={"bookmarks": {"no_such_model": {}}})

    end = start_and_end(run)
    assert (end["ending"], end.get("requests")) == ("failed", None)
    assert "no_such_model" in end["error"]


def test_a_run_that_a_signal_ends_says_so(command, commands, zendesk):
    zendesk.fault("/api/v2/groups", kind="slow", delay=300)
    with commands.start(*command(**GROUPS), env={"PATH": "/usr/bin:/bin"}) as tap:
        while not any(b'"stream":"group"' in line for line in iter(tap.stdout.readline, b"")):
            pass
        tap.terminate()
        *_, last = tap.stdout
    assert b'"ending":"interrupted","error":"signal 15 ended the run"' in last
