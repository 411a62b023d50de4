"""What the log says of objects that are not as documented."""

import logging

import pytest
from tap_zendesk_cityblock.rows.oddities import Oddities


@pytest.mark.parametrize(("ids", "named"), [(10, ""), (11, " and 1 more"), (30, " and 20 more")])
def test_a_line_has_at_most_ten_ids_and_how_many_more_there_are(ids, named, caplog):
    oddities = Oddities("ticket", logging.getLogger("oddities"))
    oddities.invalid_text(range(ids))
    oddities.invalid_text(range(ids))  # another response with the same objects
    first = "0, 1, 2, 3, 4, 5, 6, 7, 8, 9"
    assert caplog.messages == [
        f"ticket: text that is not valid Unicode was replaced by U+FFFD in id {first}{named}"
    ]
