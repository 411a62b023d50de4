"""The parameters that Zendesk ignores: responses name them in the header X-Zendesk-Api-Warn.

The header is undocumented (docs/zendesk/ignored-parameters.md). Recorded responses have two forms:
`Removed restricted keys ["x"] from parameters …` and
`{:allowed_parameters=>{:controller=>"tickets", …, :unpermitted_keys=>["x"], :invalid_values=>["y.z"]}}`.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

HEADER = "X-Zendesk-Api-Warn"
TEXT = re.compile(r'(=>)?"([^"]*)"')


def ignored_parameters(header: str, sent: Iterable[str]) -> list[str]:
    """Of the names sent, those in the header's lists; nested ones stand there as `page[size]`, `page.size` or `page`."""
    listed = {text for is_value, text in TEXT.findall(header) if not is_value}
    return [
        name
        for name in sent
        if {name, name.partition("[")[0], name.replace("[", ".").replace("]", "").rstrip(".")} & listed
    ]
