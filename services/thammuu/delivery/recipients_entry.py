"""One recipient as somebody wrote it down, in a list or a request: its values, and all that is wrong with them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any, Protocol

from thammuu.delivery.vocabulary import ALL_UNITS, ROLES
from thammuu.errors import ThammuuError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from thammuu.delivery.recipients_addresses import AddressCheck
    from thammuu.rulepack.pack import RulePack

COLUMNS = (
    *("unit", "role", "name", "email", "chat", "webhook", "webhook_secret", "agency", "language", "formats"),
    *("quiet_from", "quiet_to", "digest_at", "turn", "valid_from", "valid_to"),
)
_ROLE_NAMES = {
    "ban chỉ đạo": "steering-committee",
    "thư ký": "secretariat",
    "tổ thư ký": "secretariat",
    "cơ quan chủ trì": "lead-agency",
    "vận hành": "operator",
}
_EVERY = {ALL_UNITS, "tất cả", "all"}
_ADDRESSES = ("email", "chat", "webhook")
_FORMATS = ("pdf", "docx")
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")
_LONGEST_NAME, _MOST_TURNS = 200, 99


@dataclass(frozen=True, slots=True)
class Entry:
    """One recipient; addresses and the name are personal data.

    Args:
        row: Its number in the file; 0 where there is none.
        values: Column → value, as the table ``recipients`` holds it.
        name: Whose it is.
        addresses: Channel → address.
        secret: Of the webhook.
    """

    row: int
    values: dict[str, Any]
    name: str = field(repr=False)
    addresses: dict[str, str] = field(repr=False)
    secret: str = field(default="", repr=False)


class Wrong(Protocol):
    """Where problems are put."""

    def __call__(self, column: str, expected: str, value: str | None = None) -> None:
        """Note what is wrong with a column."""
        ...


def masked(address: str) -> str:
    """Return the shape of an address: enough to find a slip in it, not whose it is."""
    return "".join("x" if one.isalnum() else one for one in address)


class Checker:
    """Reads recipients as they were written down.

    Args:
        pack: Whose units and offices are meant.
        on: The day of whose units is spoken.
        checks: By channel, what is wrong with an address.
    """

    def __init__(self, pack: RulePack, on: date, checks: Mapping[str, AddressCheck]) -> None:
        self._pack, self._on, self._checks = pack, on, checks

    def entry(self, said: Mapping[str, str], wrong: Wrong, row: int = 0, known: Entry | None = None) -> Entry:
        """Return a recipient; what is wrong with it is noted.

        Args:
            said: Column → text; a column that is left out is empty, or as known.
            wrong: Where problems are put.
            row: Its number in the file.
            known: The recipient as it is, where it is changed: what stays is not looked at again.
        """
        one = _Line(self, said, wrong, known)
        values, addresses = one.values(), one.addresses()
        return Entry(row, values, one.name(), addresses, one.secret(needed="webhook" in addresses))

    def unit(self, said: str, wrong: Wrong) -> str:
        """Return a unit's id."""
        if said.casefold() in _EVERY:
            return ALL_UNITS
        try:
            return self._pack.units.resolve(said, on=self._on).id
        except ThammuuError as error:
            near = ", ".join(getattr(error, "suggestions", ()))
            wrong("unit", _("a unit of that day, or *; nearest: {near}").format(near=near or "–"), said)
            return ""

    def agency(self, said: str, wrong: Wrong) -> str | None:
        """Return an office's name in the rule pack."""
        if said and said not in self._pack.agencies:
            from thammuu.rulepack.yaml_positions import nearest

            known = [*self._pack.agencies.agencies, *self._pack.agencies.duties]
            near = ", ".join(nearest(said, known)) or "–"
            wrong("agency", _("an office of agencies.yaml; nearest: {near}").format(near=near), said)
        return said or None

    def fault_of(self, channel: str, address: str) -> str | None:
        """Return what the channel says is wrong with an address, or with the secret of a webhook."""
        return self._checks[channel](address)


class _Line:
    """The texts of one recipient."""

    def __init__(self, checker: Checker, said: Mapping[str, str], wrong: Wrong, known: Entry | None) -> None:
        self._checker, self._said, self._wrong, self._known = checker, said, wrong, known

    def _text(self, column: str) -> str:
        return self._said.get(column, "").strip()

    def _kept(self, column: str) -> bool:
        return self._known is not None and column not in self._said

    def values(self) -> dict[str, Any]:
        made: dict[str, tuple[str, Callable[[], Any]]] = {
            "unit_id": ("unit", lambda: self._checker.unit(self._text("unit"), self._wrong)),
            "role": ("role", self._role),
            "agency": ("agency", lambda: self._checker.agency(self._text("agency"), self._wrong)),
            "language": ("language", lambda: self._one_of("language", ("vi", "en"), "vi")),
            "formats": ("formats", self._formats),
            "turn": ("turn", self._turn),
            "valid_from": ("valid_from", lambda: self._day("valid_from")),
            "valid_to": ("valid_to", lambda: self._day("valid_to")),
            "quiet_from": ("quiet_from", lambda: self._time("quiet_from")),
            "quiet_to": ("quiet_to", lambda: self._time("quiet_to")),
            "digest_at": ("digest_at", lambda: self._time("digest_at")),
        }
        before = {} if self._known is None else self._known.values
        values = {name: before[name] if self._kept(column) else read() for name, (column, read) in made.items()}
        self._together(values)
        return values

    def name(self) -> str:
        if self._known is not None and self._kept("name"):
            return self._known.name
        name = self._text("name")
        if len(name) > _LONGEST_NAME:
            self._wrong("name", _("at most {n} letters").format(n=_LONGEST_NAME))
        return name

    def addresses(self) -> dict[str, str]:
        before = {} if self._known is None else self._known.addresses
        said = {one: before.get(one, "") if self._kept(one) else self._text(one) for one in _ADDRESSES}
        for channel, address in said.items():
            if address and not self._kept(channel) and (fault := self._checker.fault_of(channel, address)):
                # the address itself is not repeated: problems are logged and mailed around
                self._wrong(channel, fault, masked(address))
        if not any(said.values()):
            self._wrong("email", _("an e-mail address, a chat address or a webhook"))
        return {channel: address for channel, address in said.items() if address}

    def secret(self, *, needed: bool) -> str:
        kept = self._known is not None and self._kept("webhook_secret")
        secret = self._known.secret if self._known is not None and kept else self._text("webhook_secret")
        looked_at = needed and not (kept and self._kept("webhook"))
        if looked_at and (fault := self._checker.fault_of("webhook_secret", secret)):
            self._wrong("webhook_secret", fault)
        return secret

    def _role(self) -> str:
        said = self._text("role")
        role = _ROLE_NAMES.get(said.casefold(), said)
        if role not in ROLES:
            self._wrong("role", _("one of {choices}").format(choices=", ".join(ROLES)), said)
        return role

    def _one_of(self, column: str, choices: tuple[str, ...], default: str) -> str:
        said = self._text(column).lower() or default
        if said not in choices:
            self._wrong(column, _("one of {choices}").format(choices=", ".join(choices)), said)
        return said

    def _formats(self) -> str:
        said = [one.strip().lower() for one in re.split(r"[,;/ ]+", self._text("formats")) if one.strip()]
        if unknown := [one for one in said if one not in _FORMATS]:
            self._wrong("formats", _("any of {choices}").format(choices=", ".join(_FORMATS)), ", ".join(unknown))
        return ",".join(one for one in _FORMATS if one in said) or "pdf"

    def _turn(self) -> int:
        said = self._text("turn") or "1"
        if not (said.isascii() and said.isdigit() and 1 <= int(said) <= _MOST_TURNS):
            self._wrong("turn", _("a number from 1 to {n}").format(n=_MOST_TURNS), said)
            return 1
        return int(said)

    def _time(self, column: str) -> str | None:
        said = self._text(column)
        if said and not _TIME.fullmatch(said):
            self._wrong(column, _("a time such as 22:00"), said)
        return said.zfill(5) if said else None

    def _day(self, column: str) -> date | None:
        said = self._text(column)
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(said, form).date() if said else None  # noqa: DTZ007  a day has no time zone
            except ValueError:
                continue
        self._wrong(column, _("a day such as 2025-07-01 or 01/07/2025"), said)
        return None

    def _together(self, values: dict[str, Any]) -> None:
        if (values["quiet_from"] is None) != (values["quiet_to"] is None):
            self._wrong("quiet_to", _("both quiet_from and quiet_to, or neither"))
        elif values["quiet_from"] is not None and values["quiet_from"] == values["quiet_to"]:
            self._wrong("quiet_to", _("another time than quiet_from"), values["quiet_to"])
        first, last = values["valid_from"], values["valid_to"]
        if first and last and last < first:
            self._wrong("valid_to", _("a day not before valid_from"), last.isoformat())
