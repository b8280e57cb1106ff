"""Tokens and their rights: one of the settings, and those of a file, one a line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from hashlib import sha256
from typing import TYPE_CHECKING, Final, Literal

from thammuu.errors import BadInputError, EnvironmentFaultError, Place, Problem
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from thammuu.settings import Settings

Right = Literal["read", "publish", "recipients"]
RIGHTS: Final[frozenset[Right]] = frozenset({"read", "publish", "recipients"})
"""``read``: all but names and addresses. ``publish``: take in score files and take them back. ``recipients``: add,
change and erase who is told, and see names and addresses. Each of the others reads as well."""
SHORTEST_TOKEN = 16
_LIMITED = re.compile(r"([a-z]+(?:\s*,\s*[a-z]+)*):\s+(.+)")
_COMMENT = re.compile(r"(^|\s)#.*")
_TOKEN = re.compile(r"[A-Za-z0-9._~+/-]+=*")
"""What a bearer token may consist of (RFC 6750, 2.1); a slip in the words before it is none."""


@dataclass(frozen=True, slots=True)
class Token:
    """What one token lets in.

    Args:
        digest: Its SHA-256.
        rights: What it may do.
    """

    digest: bytes
    rights: frozenset[Right] = RIGHTS


def tokens_of(settings: Settings) -> list[Token]:
    """Return the tokens of the settings; none where there are none.

    Raises:
        BadInputError: If a token is too short, or the file has none, or names a right that there is not.
        EnvironmentFaultError: If the file cannot be read.
    """
    tokens = [(settings.api_token.get_secret_value(), RIGHTS)] if settings.api_token else []
    if settings.api_tokens_file is not None:
        tokens += _tokens_in(settings.api_tokens_file)
    if any(len(one) < SHORTEST_TOKEN for one, _rights in tokens):
        raise BadInputError(_("A token must have at least {n} characters.").format(n=SHORTEST_TOKEN))
    return [Token(sha256(one.encode()).digest(), rights) for one, rights in tokens]


def _tokens_in(path: Path) -> list[tuple[str, frozenset[Right]]]:
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        message = _("The tokens in {file} cannot be read: {reason}.").format(file=path, reason=error)
        raise EnvironmentFaultError(message) from error
    stripped = [(number, _COMMENT.sub("", line).strip()) for number, line in enumerate(lines, 1)]
    written = [(number, line) for number, line in stripped if line]
    if not written:
        raise BadInputError(_("{file} has no token: one a line is expected.").format(file=path))
    problems = list(_problems(path, written))
    if problems:
        raise BadInputError(_("The tokens cannot be used."), problems)
    return [_token_in(line) for _number, line in written]


def _token_in(line: str) -> tuple[str, frozenset[Right]]:
    """Return the token of a line, and its rights: ``publish, recipients: TOKEN``, or all of them."""
    limited = _LIMITED.fullmatch(line)
    if limited is None:
        return line, RIGHTS
    named = {one.strip() for one in limited[1].split(",")}
    return limited[2], frozenset(one for one in RIGHTS if one in named)


def _problems(path: Path, written: Iterable[tuple[int, str]]) -> Iterator[Problem]:
    known = ", ".join(sorted(RIGHTS))
    for number, line in written:
        limited = _LIMITED.fullmatch(line)
        if limited and not {one.strip() for one in limited[1].split(",")} <= RIGHTS:
            # what stands there is not repeated: it may belong to a token
            expected = _("before the colon some of: {known}").format(known=known)
            yield Problem("token-right", expected, Place(file=str(path), line=number))
        elif not _TOKEN.fullmatch(limited[2] if limited else line):
            expected = _("a token of letters, figures and -._~+/, before it its rights as `read: `")
            yield Problem("token", expected, Place(file=str(path), line=number))
