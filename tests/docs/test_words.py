"""Retired words, and those to use instead; docs/glossary.md says what the latter mean.

To check a folder or file alone: `.venv/bin/python tests/docs/test_words.py sandbox tests/sandbox`
"""

import re
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]

RETIRED = {
    r"(?<![a-z])(re)?tell(s|ing)?(?![a-z])": "say, report, describe, distinguish",
    r"(?<![a-z])(re)?told(?![a-z])": "said, reported; a name for the thing itself: message, reported, described",
    r"untold(?![a-z])": "redacted",
    r"(?<![a-z])mend(s|ed|ing)?(?![a-z])": "fix, resolve (a join error)",
    r"(?<![a-z])nobody(?![a-z@])": "no one, no match, missing",
    r"\bholds no\b": "is not valid …, has no …",
    r"\b(is|are) none of\b": "is not one of, Invalid …",
    r"\bthere is no \w+ \{|\bthere is no (setting|model)\b": "Unknown setting 'x'. Did you mean 'y'?",
    r"(?<!there )\b(is|are) no (?!longer\b|more\b|less\b|later\b|one\b)[a-z]+": "is not a …",
    r"\bwait(s|ed|ing)? out\b|\bwaited_out": "retried; waited for the rate limit",
    r"\bof theirs\b": "their, of the ticket",
    r"(?<![a-z])anew(?![a-z])": "again",
    r"replaced[ _]systems?\b|\bold system\b": "legacy system",
    r"remnant": "deletion stub",
    # The column `unjoined` of TICKET_USER_JOIN_ERROR keeps its name.
    r"unjoined (users?|tickets?|as before)|unjoined_|[\d}] unjoined|(?-i:Unjoined)": "waiting, join error",
    r"every so many|so manieth": "every nth",
    r"(?<!be)\b(came|comes?) of\b": "the result of, a summary of",
    r"\bwhat is lacking\b": "what is missing",
    r"(?<![a-z])further[ _]models?(?![a-z])": "opt-in model",
    r"(?<![a-z])companions?(?![a-z])": "derived model",
    r"without_exports": "fallback",
    r"misspelt": "misspelled",
}

QUOTED = [
    # Texts of others: removed from a line before it is searched.
    "nobody@",
]

NEVER_SEARCHED = (
    "CHANGELOG.md",  # names what was renamed
    "tests/docs/test_words.py",
)
NO_PROSE = {".json", ".txt", ".gz", ".lock", ".csv", ".png", ".svg"}

ANY = re.compile("|".join(f"(?:{pattern})" for pattern in RETIRED), re.IGNORECASE)


def searched(*paths):
    """Files under the paths, which are as seen from the project, that git knows or would add."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *paths],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [
        name
        for name in listed.split("\0")
        if name
        and Path(name).name != "LICENSE"
        and Path(name).suffix not in NO_PROSE
        and name not in NEVER_SEARCHED
        and (PROJECT / name).is_file()
    ]


def retired_words(name, text):
    """A line for each retired word: where it is, and what to write instead."""
    for number, line in enumerate(text.splitlines(), 1):
        for quoted in QUOTED:
            line = line.replace(quoted, "")  # noqa: PLW2901 - what is left of it
        if ANY.search(line):
            for pattern, instead in RETIRED.items():
                for found in re.finditer(pattern, line, re.IGNORECASE):
                    yield f"{name}:{number}: '{found[0].strip()}' -> {instead}"


def in_files(names):
    return [hit for name in names for hit in retired_words(name, (PROJECT / name).read_text())]


@pytest.mark.fast
def test_no_retired_words():
    names = searched()
    assert names
    hits = in_files(names)
    if hits:
        pytest.fail("retired words, and what to write instead:\n" + "\n".join(hits), pytrace=False)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("tells", ["tells"]),
        ("self._told = is_told", ["told", "told"]),
        ("intelligence, stellar, recommended, amend", []),
        ("there is no setting x", ["there is no setting"]),
        ("x is no number", ["is no number"]),
        ("there is no more, and it is no longer here", []),
        ("'SELECT unjoined FROM x'", []),
        ("3 unjoined, and unjoined users", ["3 unjoined", "unjoined users"]),
        ("what became of it", []),
    ],
)
def test_words_are_found_whole(text, found):
    assert [re.search("'(.*)' ->", hit)[1] for hit in retired_words("x", text)] == found


if __name__ == "__main__":
    found_in_paths = in_files(searched(*sys.argv[1:]))
    sys.exit("\n".join(found_in_paths))
