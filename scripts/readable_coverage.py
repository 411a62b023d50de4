"""Removes files of `coverage` that a killed process left unfinished: one of them makes `coverage combine` fail."""

from __future__ import annotations

import sqlite3
import sys
from contextlib import closing
from pathlib import Path


def is_whole(path: Path) -> bool:
    try:
        with closing(sqlite3.connect(path)) as database:
            has_schema = database.execute("SELECT COUNT(*) FROM coverage_schema").fetchone() == (1,)
            return bool(has_schema and database.execute("PRAGMA quick_check").fetchone() == ("ok",))
    except sqlite3.DatabaseError:
        return False


for file in map(Path, sys.argv[1:]):
    if not is_whole(file):
        file.unlink()
