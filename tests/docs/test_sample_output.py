"""The sample output on README.md has the wording of sandbox/demo.py; `make run` itself is a step of CI."""

import ast
import re
from pathlib import Path

from sandbox.demo import PAGE, next_steps

PROJECT = Path(__file__).parents[2]


def shown():
    """Lines of the sample that are sentences, not cells of a table."""
    [sample] = re.findall(
        r"^```\n(First run: .*?)^```", (PROJECT / "README.md").read_text(), re.MULTILINE | re.DOTALL
    )
    return [
        line
        for line in sample.splitlines()
        if re.search(r"\w \w", line) and not re.search(r"\S {2,}\S.* {2,}", line)
    ]


def printed():
    """A pattern for each line of the demonstration's texts; what is filled in may be anything."""
    for node in ast.walk(ast.parse((PROJECT / "sandbox" / "demo.py").read_text())):
        if isinstance(node, ast.JoinedStr):
            text = "".join(
                re.escape(part.value) if isinstance(part, ast.Constant) else ".*" for part in node.values
            )
            yield from text.replace("\\\n", "\n").splitlines()


def test_the_sample_output_has_the_words_of_the_demonstration():
    patterns = [pattern for pattern in printed() if re.search("[a-z]{3}", pattern)]
    lines = shown()
    assert len(lines) >= 8
    assert [line for line in lines if not any(re.match(pattern, line) for pattern in patterns)] == []


def test_the_last_ten_lines_say_where_to_look_next():
    lines = next_steps(Path(".sandbox")).splitlines()
    assert len(lines) <= 10
    for place in (str(PAGE), "docs/runbook.md", "dbt-bigquery:docs", "sandbox query"):
        assert place in "\n".join(lines)
    assert (PROJECT / "docs" / "runbook.md").exists()
