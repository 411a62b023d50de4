"""The filter language of subscriptions."""

import pytest
from local_pubsub.errors import RequestError
from local_pubsub.filters import parse

DE = {"lang": "de", "kind": "ticket"}
EN = {"lang": "en-GB", "kind": "user"}
NONE = {}
ODD = {"a/b c": 'say "hi"', "x-y_1": ""}


@pytest.mark.parametrize(
    ("text", "passing"),
    [
        ("", [DE, EN, NONE, ODD]),
        ("attributes:lang", [DE, EN]),
        ('attributes:"lang"', [DE, EN]),
        ("NOT attributes:lang", [NONE, ODD]),
        ("-attributes:lang", [NONE, ODD]),
        ("NOT -attributes:lang", [DE, EN]),
        ('attributes.lang = "de"', [DE]),
        ('attributes.lang="de"', [DE]),
        ('attributes.lang != "de"', [EN, NONE, ODD]),
        ('attributes.lang = ""', []),
        ('attributes.x-y_1 = ""', [ODD]),
        ('hasPrefix(attributes.lang, "en")', [EN]),
        ('hasPrefix(attributes.lang,"")', [DE, EN]),
        ('NOT hasPrefix(attributes.lang, "en")', [DE, NONE, ODD]),
        (r'attributes."a/b c" = "say \"hi\""', [ODD]),
        (r'attributes.lang = "\u0064e"', [DE]),
        ('attributes:lang AND attributes.kind = "user"', [EN]),
        ('attributes.lang = "de" OR attributes.kind = "user" OR attributes:"a/b c"', [DE, EN, ODD]),
        ('attributes:kind AND (attributes.lang = "de" OR attributes.lang = "fr")', [DE]),
        ('NOT (attributes.lang = "de" OR attributes.kind = "user")', [NONE, ODD]),
        ("((attributes:lang))", [DE, EN]),
        ("  attributes:lang\n", [DE, EN]),
    ],
)
def test_a_filter_lets_through_what_it_describes(text, passing):
    keep = parse(text)
    assert [attributes for attributes in (DE, EN, NONE, ODD) if keep(attributes)] == passing


@pytest.mark.parametrize(
    "text",
    [
        "lang",
        "attributes",
        "attributes.lang",
        "attributes.lang = de",
        "attributes.lang = 'de'",
        'attributes.lang == "de"',
        'attributes.lang > "de"',
        'attributes:lang = "de"',
        'attributes.a/b = "x"',
        'hasSuffix(attributes.lang, "de")',
        "hasPrefix(attributes.lang)",
        "(attributes:lang",
        "attributes:lang)",
        "attributes:lang attributes:kind",
        "attributes:lang and attributes:kind",
        "attributes:a AND attributes:b OR attributes:c",
        "attributes:lang AND",
        "NOT",
        'attributes.lang = "de',
        r'attributes.lang = "\q"',
        " ",
        'attributes.lang = "' + "x" * 256 + '"',
    ],
)
def test_an_invalid_filter_is_rejected(text):
    with pytest.raises(RequestError):
        parse(text)
