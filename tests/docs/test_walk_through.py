"""docs/walk-through.md against the story that it records, and against the pages that the story takes its commands from."""

import re
from pathlib import Path

import pytest

from scripts.walk_through import PAGE, check_neutral, steps, typed
from tests.deploy.environments import dockerfile_env

PROJECT = Path(__file__).parents[2]


@pytest.mark.parametrize("step", [step for step in steps() if step.run], ids=lambda step: step.run[:60])
def test_the_page_has_every_step_of_the_story(step):
    page = PAGE.read_text()
    assert step.told in page
    assert f"```console\n{typed(step.run.strip())}\n" in page


def test_the_page_holds_nothing_of_the_machine_that_recorded_it():
    check_neutral(PAGE.read_text())


def test_without_docker_the_image_runs_in_the_dockerfiles_environment():
    page = (PROJECT / "deploy" / "README.md").read_text().replace("\\\n", " ")
    [told] = re.findall(r"&& env (.*) meltano \"\$@\"\)", page)
    given = dict(re.findall(r'(\w+)="?([^\s"]+)"?', told))
    places = {"/project": "$PREFIX", "/tmp": "$RUN"}  # noqa: S108 - the image's
    assert given == {
        name: re.sub(r"(?<![\w.])/(project|tmp)\b", lambda found: places[found[0]], value)
        for name, value in dockerfile_env().items()
    }
