"""Odd values, lines and bodies, from a seed. What is made is bytes, because most of it no JSON library would write."""

from __future__ import annotations

import json

CANARY = "canary-7f3a"
"""In every text that a mutation puts somewhere: no log line may have it."""


def nested(depth):
    return b"[" * depth + b"]" * depth


TEXTS = (
    *(
        "",
        " ",
        CANARY,
        f'{CANARY} "quoted" \\ \n \u2028 \0 \x7f',
        f"{CANARY} \N{GRINNING FACE} ٣",
        CANARY * 2000,
    ),
    *("12", "-12.50", "+7", "1e3", "0x10", "١٢", "9" * 30, "9" * 5000, "true", "null"),
    *(
        "2026-02-30T00:00:00Z",
        "0001-01-01T00:00:00+14:00",
        "0001-01-01T00:00:00Z",
        "9999-12-31T23:59:59-14:00",
    ),
    *(
        "9999-12-31T23:59:59Z",
        "99999-01-01T00:00:00Z",
        "2026-01-01",
        "2026-01-01T00:00:00",
        "2026-W01-1T00:00:00Z",
    ),
    *("20260101T000000Z", "2026-01-01T24:00:00Z", "2026-01-01 00:00:00+00", "2026-01-01T00:00:00.123456789Z"),
    *("2026-01-01T00:00:00,5Z", "2026-01-01T00:00:00+01:02:03", "2026-01-01T00:00:60Z", "2026-01-01T00:00Z"),
    *("1969-12-31T23:59:59Z", "8:30:00", "23:59:59.999999", "12:00:00+23:59", "1767225600"),
)
INVALID_TEXTS = (
    *(b'"%s \\ud83d"' % CANARY.encode(), b'"\\ude00 %s"' % CANARY.encode(), b'"\\ud83d\\ude00"'),
    *(b'"%s caf\xe9"' % CANARY.encode(), b'"%s \xf0\x9f\x98"' % CANARY.encode(), b'"\xed\xa0\xbd"'),
)
NUMBERS = (
    *(b"0", b"1", b"-1", b"7", b"1.5", b"-0", b"-0.0", b"0.1", b"67.174118", b"1e300", b"5e-324", b"1E+2"),
    *(b"2147483648", b"9007199254740991", b"9007199254740992", b"9007199254740993", b"-9007199254740993"),
    *(b"9223372036854775807", b"9223372036854775808", b"-9223372036854775808", b"18446744073709551616"),
    *(b"1208925819614629174706176", b"1" + b"0" * 400, b"9" * 5000, b"1e400", b"-1e999"),
    *(b"1." + b"0" * 50, b"0." + b"3" * 40, b"NaN", b"Infinity", b"-Infinity"),
)
OTHERS = (
    *(
        b"null",
        b"true",
        b"false",
        b"[]",
        b"{}",
        b"[null]",
        b"[null, 7]",
        b'[7, "7", null]',
        b"[[7], [8]]",
        b'[{"id": 7}]',
    ),
    b'{"id": 7, "id": 8}',
    b'{"": 1, " ": {"a": null}}',
    b'["%s", 7, null, {}, [], true]' % CANARY.encode(),
    b'{"odd": "%s"}' % CANARY.encode(),
    b'{"a": {"a": {"a": {"a": {"a": {"a": {"a": "%s"}}}}}}}' % CANARY.encode(),
    b"[1.5, 67.174118, 36893488147419103233]",
    *map(nested, (5, 60, 250, 300, 900, 1100, 5000)),
)
ODD = (*(json.dumps(text).encode() for text in TEXTS), *INVALID_TEXTS, *NUMBERS, *OTHERS)
SPOT = "@odd-%d@"


def places(value, path=()):
    """Of every value inside of this one, as paths."""
    items = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, part in items:
        yield (*path, name)
        yield from places(part, (*path, name))


def replaced(value, path, new):
    """A copy with another value at that place."""
    if not path:
        return new
    name, *rest = path
    copy = dict(value) if isinstance(value, dict) else list(value)
    copy[name] = replaced(value[name], rest, new)
    return copy


def without(value, path):
    *outer, name = path
    inner = value
    for step in outer:
        inner = inner[step]
    copy = dict(inner) if isinstance(inner, dict) else list(inner)
    del copy[name]
    return replaced(value, outer, copy)


def mutated(rng, value, spare=()):
    """JSON text of the value with one to three odd changes. `spare`: names of the first level that stay as they are."""
    fillings = {}
    for _ in range(rng.choice((1, 1, 1, 2, 3))):
        chosen = [path for path in places(value) if path[0] not in spare]
        if not chosen:
            break
        path = rng.choice(chosen)
        action = rng.random()
        if action < 0.12:
            value = without(value, path)
        else:
            spot = SPOT % len(fillings)
            fillings[spot] = rng.choice(ODD)
            value = replaced(value, path, spot)
            if action > 0.95 and isinstance(value, dict):
                value = {**value, f"hue_{rng.randrange(3)}": spot}
    text = json.dumps(value).encode()
    for spot, filling in fillings.items():
        text = text.replace(json.dumps(spot).encode(), filling)
    return text


def torn(rng, text):
    """The text with its bytes damaged."""
    kind, at = rng.randrange(6), rng.randrange(len(text))
    if kind == 0:
        return text[:at]
    if kind == 1:
        return text[at:]
    if kind == 2:
        return text[:at] + bytes([rng.randrange(256)]) + text[at + 1 :]
    if kind == 3:
        return text[:at] + rng.randbytes(rng.randrange(1, 40)) + text[at:]
    if kind == 4:
        return text[:at] + text[rng.randrange(at, len(text)) :]
    return text + text[at:]
