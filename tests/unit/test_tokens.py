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


@pytest.mark.parametrize(
    "slip",
    ["read:{}", "Publish: {}", "read : {}", "publish,: {}", "publish recipients: {}", "{} {}", "read: {}#mine"],
)
def test_a_slip_in_the_rights_of_a_line_gives_none_and_not_all(tmp_path: Path, slip: str) -> None:
    with pytest.raises(BadInputError) as refused:
        access(tmp_path, f"read: {SECRET}", slip.format(SECRET, SECRET))
    (problem,) = refused.value.problems
    assert problem.place.line == 2
    assert SECRET not in f"{refused.value} {problem}"


def test_a_comment_is_no_token_wherever_it_begins(tmp_path: Path) -> None:
    (only,) = access(
        tmp_path, "\ufeff# of the statistics office", "   # another comment", f"  read: {SECRET}  # mine"
    ).tokens
    assert only.rights == {"read"}


def test_every_line_with_a_right_that_there_is_not_is_told_without_what_stands_in_it(tmp_path: Path) -> None:
    with pytest.raises(BadInputError) as refused:
        access(tmp_path, f"reed: {SECRET}", "# a comment", f"read: {SECRET}", f"publish, writ: {SECRET}")
    assert [one.place.line for one in refused.value.problems] == [1, 4]
    told = f"{refused.value} {refused.value.problems}"
    assert not any(word in told for word in (SECRET, "reed", "writ:"))


def test_the_rights_do_not_count_among_the_sixteen_characters(tmp_path: Path) -> None:
    with pytest.raises(BadInputError):
        access(tmp_path, "publish, recipients: too short")
