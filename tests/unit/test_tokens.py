"""The file of tokens: rights before a colon, and every line with a right that there is not."""

from pathlib import Path

import pytest
from starlette.requests import Request

from thammuu.errors import BadInputError
from thammuu.portal.access import Access, access_of
from thammuu.portal.tokens import RIGHTS
from thammuu.settings import Settings

SECRET = "0123456789abcdef0123"  # noqa: S105  made up


def access(folder: Path, *lines: str) -> Access:
    path = folder / "tokens"
    path.write_text("\n".join(lines), encoding="utf-8")
    return access_of(Settings(api_tokens_file=path))


def asked(token: str, path: str = "/api/v1/memos", method: str = "GET") -> Request:
    headers = [(b"authorization", f"Bearer {token}".encode())]
    return Request({"type": "http", "method": method, "path": path, "headers": headers, "query_string": b""})


def test_a_token_alone_has_all_rights_and_one_that_is_there_twice_those_of_both(tmp_path: Path) -> None:
    whole = access(tmp_path, f"{SECRET}1", f"read ,publish:  {SECRET}2", f"read: {SECRET}3", f"recipients: {SECRET}3")
    assert [sorted(one.rights) for one in whole.tokens] == [
        sorted(RIGHTS), ["publish", "read"], ["read"], ["recipients"],
    ]  # fmt: skip
    assert whole.refusal(asked(f"{SECRET}3", "/api/v1/recipients", "POST")) is None
    refused = whole.refusal(asked(f"{SECRET}2", "/api/v1/recipients", "POST"))
    assert refused is not None
    assert refused.status == 403


def test_words_of_a_token_with_spaces_and_colons_are_no_rights(tmp_path: Path) -> None:
    for token in ("a long token, with: colon", "read:0123456789abcdef", "Publish: 0123456789abcdef"):
        (kept,) = access(tmp_path, token).tokens
        assert kept.rights == RIGHTS
        assert access(tmp_path, token).refusal(asked(token)) is None


def test_every_line_with_a_right_that_there_is_not_is_told_without_what_stands_in_it(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        access(tmp_path, f"reed: {SECRET}", "# a comment", f"read: {SECRET}", f"publish, writ: {SECRET}")
    assert [one.place.line for one in refused.value.problems] == [1, 4]
    told = f"{refused.value} {refused.value.problems}"
    assert not any(word in told for word in (SECRET, "reed", "writ:"))


def test_the_rights_do_not_count_among_the_sixteen_characters(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        access(tmp_path, "publish, recipients: too short")
