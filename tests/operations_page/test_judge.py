"""Which problems are found, in which order, and that the runbook has what they name."""

import dataclasses

import pytest
from operations_page.facts import JOBS, TicketsWaiting
from operations_page.judge import CAUSES, Level, judge

from tests.operations_page.samples import HEALTHY, SICK, before, export, run


def changed(**facts):
    return judge(dataclasses.replace(HEALTHY, **facts))


def only(**facts):
    [problem] = changed(**facts)
    return problem


def test_a_healthy_pipeline_has_no_problem():
    assert judge(HEALTHY) == ()


def test_every_problem_of_a_sick_pipeline_is_found_the_worst_first():
    found = judge(SICK)
    assert [problem.level for problem in found] == sorted(problem.level for problem in found)
    assert [(problem.level.name, problem.title) for problem in found] == [
        ("ACT", "1 model is out of date"),
        ("ACT", "tap-to-bigquery could not export everything 38 minutes ago"),
        ("ACT", "tap-to-pubsub failed 38 minutes ago"),
        ("ACT", "The cursor of user was not saved"),
        ("ACT", "2 records of ticket rejected by target-bigquery"),
        ("ACT", "1 record of ticket rejected by target-zendesk-pubsub"),
        ("ACT", "Pub/Sub refused 1 message"),
        ("LOOK", "4 tickets wait for users without a match"),
        ("LOOK", "Zendesk's requests are nearly used up"),
    ]


LEFT = run(remainder=(("ticket", 141_300), ("user", 200)))
EVERY = [
    *judge(SICK),
    *judge(dataclasses.replace(HEALTHY, runs=(LEFT, *HEALTHY.runs[1:]))),
    *judge(dataclasses.replace(HEALTHY, runs=(), exports=())),
    *judge(dataclasses.replace(HEALTHY, absent=frozenset({"zendesk.REJECTED_RECORD_latest"}))),
    *judge(
        dataclasses.replace(
            HEALTHY,
            runs=tuple(run(started_at=before(hours=5)) for _ in JOBS),
        )
    ),
    *(
        problem
        for cause in CAUSES
        for problem in judge(
            dataclasses.replace(HEALTHY, runs=(run(ending="failed", error=cause.text), *HEALTHY.runs[1:]))
        )
    ),
]


@pytest.mark.parametrize("problem", EVERY, ids=[problem.title for problem in EVERY])
def test_the_runbook_has_the_section_and_the_commands(problem, runbook):
    assert runbook.section(problem.section)
    for command in problem.commands:
        assert command in runbook.all_commands()


@pytest.mark.parametrize("cause", CAUSES, ids=[cause.text for cause in CAUSES])
def test_every_cause_is_an_alarm_of_the_runbook(cause, runbook):
    assert f"`{cause.text}" in runbook.section("Alarms")


@pytest.mark.parametrize(
    ("ending", "section", "level"),
    [
        ("failed", "Runs", Level.ACT),
        ("partly_unavailable", "Zendesk", Level.ACT),
        ("out_of_quota", "Zendesk", Level.ACT),
        ("interrupted", "Runs", Level.LOOK),
    ],
)
def test_the_last_run_of_a_job_decides(ending, section, level):
    problem = only(runs=(run(ending=ending, ended_at=None, error=None), *HEALTHY.runs[1:]))
    assert (problem.section, problem.level) == (section, level)
    assert problem.commands == ("meltano run tap-to-bigquery",)
    recovered = (run(started_at=before(minutes=9)), run(ending=ending), *HEALTHY.runs[1:])
    assert changed(runs=recovered) == ()


def test_interrupted_runs_without_a_complete_one_for_three_hours_need_action():
    late = tuple(one for one in HEALTHY.runs if one.started_at < before(hours=4))
    pubsub = run(JOBS[1])
    assert (
        only(runs=(pubsub, run(ending="interrupted", started_at=before(hours=1)), *late)).level is Level.ACT
    )


def test_a_run_that_has_not_ended_hides_no_failure():
    assert only(
        runs=(run(ending="running", started_at=before(minutes=1)), run(ending="failed"), *HEALTHY.runs[1:])
    ).title.startswith("tap-to-bigquery failed")


def test_a_first_run_may_take_its_time():
    export_runs = tuple(one for one in HEALTHY.runs if one.job == JOBS[0])
    assert changed(runs=(run(JOBS[1], "running", started_at=before(minutes=9)), *export_runs)) == ()
    assert only(runs=(run(JOBS[1], "running", started_at=before(hours=9)), *export_runs)).section == "Runs"


def test_a_job_without_a_complete_run_for_three_hours():
    late = tuple(
        dataclasses.replace(one, started_at=before(hours=4)) for one in HEALTHY.runs if one.job == JOBS[0]
    )
    problem = only(runs=(*(one for one in HEALTHY.runs if one.job == JOBS[1]), *late))
    assert problem.title == "tap-to-bigquery has not completed for 3 hours"
    assert problem.detail == "It last completed 4 hours ago."
    assert only(runs=tuple(one for one in HEALTHY.runs if one.job == JOBS[0])).title.startswith(JOBS[1])


def test_a_model_that_is_exported_no_longer_is_not_out_of_date():
    assert changed(exports=(*HEALTHY.exports, export("call", completed_at=before(days=15)))) == ()


def test_long_lists_of_models_are_cut():
    late = tuple(export(f"model_{number}", completed_at=before(hours=27)) for number in range(8))
    problem = only(exports=late)
    assert problem.title == "8 models are out of date"
    assert "model_4 and 3 more" in problem.detail


def test_tickets_that_have_waited_for_a_day_need_action():
    assert only(tickets_waiting=TicketsWaiting(3, 1, before(hours=2))).level is Level.LOOK
    assert only(tickets_waiting=TicketsWaiting(3, 1, before(hours=30))).level is Level.ACT


def test_without_any_run_the_page_does_not_say_that_all_is_well():
    assert only(runs=()).title == "No run has been recorded"
    assert changed(runs=(), exports=())[0].level is Level.ACT


@pytest.mark.parametrize(
    ("view", "table"),
    [
        ("zendesk.REJECTED_RECORD_latest", "zendesk.REJECTED_RECORD"),
        ("zendesk.TICKET_USER_JOIN_ERROR_latest", "messages.zendesk_ticket_waiting"),
    ],
)
def test_a_view_that_is_missing_although_its_table_has_rows_is_reported(view, table):
    problem = only(absent=frozenset({view}))
    assert view.partition(".")[2] in f"{problem.title} {problem.detail}"
    assert changed(absent=frozenset({view, table})) == ()


def test_rate_limits_of_past_days_do_not_matter():
    assert changed(runs=(*HEALTHY.runs, run(started_at=before(days=2), rate_limited=7, quota_used=1.0))) == ()
    assert "429 7 times" in only(runs=(*HEALTHY.runs, run(started_at=before(hours=9), rate_limited=7))).detail


def test_a_first_export_that_is_not_complete_is_worth_a_look_until_the_last_run_with_figures_left_nothing():
    problem = only(runs=(LEFT, *HEALTHY.runs[1:]))
    assert (problem.level, problem.title) == (Level.LOOK, "A first export of ticket and user is not complete")
    assert "tap-to-bigquery read what is left of it, a part each: about 141,500 rows." in problem.detail
    uncounted = run(remainder=(("ticket", None), ("user", 200)))
    assert "rows that Zendesk does not count." in only(runs=(uncounted, *HEALTHY.runs[1:])).detail
    later = {"started_at": before(minutes=9)}
    killed = run(ending="interrupted", requests=None, **later)
    assert [one.level for one in changed(runs=(killed, LEFT, *HEALTHY.runs[1:]))] == [Level.LOOK] * 2
    assert changed(runs=(run(**later), LEFT, *HEALTHY.runs[1:])) == ()
