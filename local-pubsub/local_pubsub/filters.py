"""Subscription filters: parses a filter into a predicate on a message's attributes.

https://cloud.google.com/pubsub/docs/subscription-message-filter (read in November 2026).

    expression := term {AND term} | term {OR term}      mixed only with parentheses
    term       := [NOT | -] ( "(" expression ")" | condition )
    condition  := attributes:key | attributes.key = "value" | attributes.key != "value"
                | hasPrefix(attributes.key, "value")
    key        := letters, digits, _ and -, or a string
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from local_pubsub.errors import RequestError, invalid
from local_pubsub.limits import FILTER_BYTES

Attributes = Mapping[str, str]
Filter = Callable[[Attributes], bool]

_TOKEN = re.compile(
    r"""(?P<space>\s+) | (?P<string>"(?:[^"\\]|\\.)*") | (?P<sign>!=|[-=:.,()]) | (?P<word>\w[\w-]*)""",
    re.VERBOSE | re.ASCII | re.DOTALL,
)


class Token(NamedTuple):
    kind: str
    text: str


_END = Token("end", "end of filter")


def everything(_attributes: Attributes) -> bool:
    return True


def parse(text: str) -> Filter:
    """An empty filter matches everything. Raises RequestError."""
    if not text:
        return everything
    if len(text.encode()) > FILTER_BYTES:
        raise invalid(f"The filter is longer than {FILTER_BYTES} bytes")
    parser = _Parser(text)
    found = parser.expression()
    parser.expect(_END)
    return found


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens: list[Token] = []
        position = 0
        while position < len(text):
            match = _TOKEN.match(text, position)
            if match is None:
                raise self._syntax_error(text[position])
            position = match.end()
            if match.lastgroup != "space":
                self._tokens.append(Token(str(match.lastgroup), match.group()))
        self._tokens.append(_END)

    def expression(self) -> Filter:
        terms = [self._term()]
        operator = self._tokens[0]
        if operator not in (Token("word", "AND"), Token("word", "OR")):
            return terms[0]
        while self._accept(*operator):
            terms.append(self._term())
        combine = all if operator.text == "AND" else any
        return lambda attributes: combine(term(attributes) for term in terms)

    def expect(self, token: Token) -> None:
        if self._tokens[0] != token:
            raise self._syntax_error(self._tokens[0].text)
        if token is not _END:
            self._tokens.pop(0)

    def _term(self) -> Filter:
        if self._accept("word", "NOT") or self._accept("sign", "-"):
            negated = self._term()
            return lambda attributes: not negated(attributes)
        if self._accept("sign", "("):
            inner = self.expression()
            self.expect(Token("sign", ")"))
            return inner
        return self._condition()

    def _condition(self) -> Filter:
        if self._accept("word", "hasPrefix"):
            self.expect(Token("sign", "("))
            key = self._attribute()
            self.expect(Token("sign", ","))
            value = self._string()
            self.expect(Token("sign", ")"))
            return lambda attributes: attributes.get(key, "").startswith(value) and key in attributes
        self.expect(Token("word", "attributes"))
        if self._accept("sign", ":"):
            key = self._key()
            return lambda attributes: key in attributes
        self.expect(Token("sign", "."))
        key = self._key()
        if self._accept("sign", "!="):
            value = self._string()
            return lambda attributes: attributes.get(key) != value  # also without that attribute
        self.expect(Token("sign", "="))
        value = self._string()
        return lambda attributes: attributes.get(key) == value

    def _attribute(self) -> str:
        self.expect(Token("word", "attributes"))
        self.expect(Token("sign", "."))
        return self._key()

    def _key(self) -> str:
        return self._tokens.pop(0).text if self._tokens[0].kind == "word" else self._string()

    def _string(self) -> str:
        kind, text = self._tokens[0]
        if kind != "string":
            raise self._syntax_error(text)
        self._tokens.pop(0)
        try:
            return str(json.loads(text, strict=False))
        except ValueError:
            raise self._syntax_error(text) from None

    def _accept(self, kind: str, text: str) -> bool:
        if self._tokens[0] != Token(kind, text):
            return False
        self._tokens.pop(0)
        return True

    def _syntax_error(self, token: str) -> RequestError:
        return invalid(f"Invalid filter {self._text!r}: unexpected {token}")
