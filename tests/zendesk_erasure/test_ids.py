"""The ids that an operator gives."""

import pytest
from cityblock_singer.errors import SettingsError
from zendesk_erasure.ids import read_ids, request_id


def test_a_file_has_one_id_a_line(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes(b"\xef\xbb\xbf42\r\n\n 43 \r\n42\n9223372036854775807")
    assert list(read_ids(path)) == [42, 43, 42, 2**63 - 1]


@pytest.mark.parametrize(
    "line", [b"Maria Lopez", b"0", b"-4", b"4.0", b"42,43", b"9223372036854775808", b"\xff\xfe"]
)
def test_a_line_that_is_no_id_is_named_by_its_number_only(line, tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes(b"42\n\n" + line + b"\n44\n")
    with pytest.raises(SettingsError) as refused:
        read_ids(path)
    assert (
        str(refused.value)
        == f"--file: {path}: line 3 is not an id: expected one positive whole number per line"
    )


def test_a_file_without_ids_is_refused(tmp_path):
    path = tmp_path / "ids.txt"
    path.write_bytes(b"\n \n")
    with pytest.raises(SettingsError, match="has no ids"):
        read_ids(path)


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(SettingsError, match="cannot read"):
        read_ids(tmp_path / "none.txt")


@pytest.mark.parametrize("given", [None, "case-1207", "2026/05/31_a", "7", "a" * 63 + "1"])
def test_a_request_is_an_id(given):
    assert request_id(given) == given


@pytest.mark.parametrize(
    "given", ["", "JaneDoe", "Jane Doe 7", "jane7@x.org", "-7", "Jos\u00e9-7", "case-7\n", "a" * 64 + "1"]
)
def test_a_request_that_may_be_a_name_is_refused_without_repeating_it(given):
    with pytest.raises(SettingsError, match="--request must be the id of a request") as refused:
        request_id(given)
    assert not given or given not in str(refused.value)
