import json

import pytest
from cityblock_singer.json_depth import DEEPEST, shallow


def nested(levels, inner=b""):
    return b"[" * levels + inner + b"]" * levels


@pytest.mark.parametrize(
    "line", [nested(DEEPEST), b'{"a": "[[[{{{"}', b'["\\"[", "\\\\"]', nested(5000)[:-1], b"", b"7"]
)
def test_what_is_not_too_deep_or_not_json_is_the_same_object(line):
    assert shallow(line) is line


def test_what_is_too_deep_is_null_and_the_rest_stays():
    deep = nested(DEEPEST + 4000, b'{"]": "["}')
    line = b'{"id": 7, "a": %b, "text": "]] \\" [", "b": [1, %b, 2], "c": {}}' % (deep, deep)
    read = json.loads(shallow(line))
    assert (read["id"], read["text"], read["c"]) == (7, ']] " [', {})
    inner, levels = read["a"], 1
    while inner is not None:
        [inner] = inner
        levels += 1
    assert levels == DEEPEST
    assert [*map(type, read["b"])] == [int, list, int]
