"""A command whose data folder a server holds: the server does it instead."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import quote, urlencode

from thammuu.cli.output import console
from thammuu.errors import BadInputError, EnvironmentFaultError, Place, Problem, ServedError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.intake.publishing import Request
    from thammuu.settings import Settings

_ANSWERS_WITHIN_S = 120.0
_HANDLES_WITHIN_S = 600.0
_POLL_S = 0.5
_AT = "/api/v1/publications"
_NOT_LET_IN = frozenset({401, 403})
_WRONG = frozenset({400, 404, 409, 413, 422})


@dataclass(frozen=True, slots=True)
class Server:
    """A server that holds the data folder.

    Args:
        held: What the command met; raised again if nobody answers there.
        token: What lets this command in.
    """

    held: ServedError
    token: str | None

    def publish(self, request: Request) -> dict[str, Any]:
        """Hand a file over and wait until it is analysed; return what `publish` prints.

        Raises:
            BadInputError: If the server refuses it, with every problem.
            EnvironmentFaultError: If the server does not let this command in, or cannot do it now.
        """
        from thammuu.intake.files import open_regular

        asked = {
            "index": request.index,
            "period": request.period,
            "published_on": request.published_on,
            "round": request.round,
            "units_as_of": request.units_as_of,
            "sheet": request.sheet,
            "history": str(request.history).lower(),
            "partial": str(bool(request.partial)).lower(),
            "filename": request.file.name,
        }
        query = urlencode({name: value for name, value in asked.items() if value is not None})
        with open_regular(request.file) as stream:
            headers = {"content-type": "application/octet-stream", "content-length": str(request.file.stat().st_size)}
            summary = self._answer(f"{_AT}?{query}", "POST", stream, headers)
        console(stderr=True).print(_("Handed to the server at {address}.").format(address=self.held.address))
        return summary | self._counts(summary["publication_id"])

    def withdraw(self, publication_id: str, reason: str) -> dict[str, Any]:
        """Let the server take a publication back.

        Raises:
            BadInputError: If there is none, or it was withdrawn before.
            EnvironmentFaultError: As :meth:`publish`.
        """
        return self._answer(f"{_AT}/{quote(publication_id, safe='')}?{urlencode({'reason': reason})}", "DELETE")

    def _counts(self, publication_id: str) -> dict[str, Any]:
        until = time.monotonic() + _HANDLES_WITHIN_S
        while True:
            now = self._answer(f"{_AT}/{publication_id}")
            if not now["pending"] or time.monotonic() > until:
                return {name: now[name] for name in ("findings", "memos")}
            time.sleep(_POLL_S)

    def _answer(
        self, path: str, method: str = "GET", body: BinaryIO | None = None, headers: dict[str, str] | None = None
    ) -> dict[str, Any]:
        known = {"authorization": f"Bearer {self.token}"} if self.token else {}
        # the address was written by the server itself, into a folder that only its user writes
        request = urllib.request.Request(  # noqa: S310
            f"{self.held.address}{path}", data=body, method=method, headers={**(headers or {}), **known}
        )
        with self._in_clear_words(), urllib.request.urlopen(request, timeout=_ANSWERS_WITHIN_S) as answer:  # noqa: S310
            read: dict[str, Any] = json.load(answer)
        return read

    @contextmanager
    def _in_clear_words(self) -> Iterator[None]:
        try:
            yield
        except urllib.error.HTTPError as error:
            raise _refusal(error, self.held.address) from error
        except (OSError, ValueError) as error:
            raise self.held from error


def server_at(held: ServedError, settings: Settings) -> Server:
    """Return the server that holds the folder."""
    return Server(held, settings.api_token.get_secret_value() if settings.api_token else None)


def problems_in(listed: list[dict[str, Any]]) -> list[Problem]:
    """Return the problems that an answer lists."""
    return [
        Problem(
            one["code"],
            one["expected"],
            Place(one["file"], one["sheet"], one["row"], one["column"], one["line"]),
            one["value"],
            one["severity"],
        )
        for one in listed
    ]


def _refusal(error: urllib.error.HTTPError, address: str) -> Exception:
    try:
        told = json.load(error)
    except ValueError:
        told = {}
    detail = told.get("detail") or str(error)
    if error.code in _NOT_LET_IN:
        return EnvironmentFaultError(
            _("The server at {address} does not let this command in: set THAMMUU_API_TOKEN. {detail}").format(
                address=address, detail=detail
            )
        )
    if error.code in _WRONG:
        return BadInputError(detail, problems_in(told.get("problems", [])))
    return EnvironmentFaultError(
        _("The server at {address} cannot do it now: {detail}").format(address=address, detail=detail)
    )
