"""A list of recipients as a CSV or XLSX file: its columns, its values, and everything wrong with it at once."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from thammuu.delivery.vocabulary import ALL_UNITS, ROLES
from thammuu.errors import ThammuuError
from thammuu.i18n import _
from thammuu.intake.csv_rows import csv_table
from thammuu.intake.files import kind_of, open_regular
from thammuu.intake.problems import Problems
from thammuu.intake.workbook import Workbook, choose_sheet
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from thammuu.intake.table import Row, Table
    from thammuu.rulepack.pack import RulePack

COLUMNS = (
    *("unit", "role", "name", "email", "chat", "webhook", "webhook_secret", "agency", "language", "formats"),
    *("quiet_from", "quiet_to", "digest_at", "turn", "valid_from", "valid_to"),
)
_CALLED = {
    "tỉnh": "unit",
    "tỉnh, thành phố": "unit",
    "đơn vị": "unit",
    "vai trò": "role",
    "họ tên": "name",
    "họ và tên": "name",
    "tên": "name",
    "thư điện tử": "email",
    "e-mail": "email",
    "cơ quan": "agency",
    "ngôn ngữ": "language",
    "định dạng": "formats",
    "yên lặng từ": "quiet_from",
    "yên lặng đến": "quiet_to",
    "gửi gộp lúc": "digest_at",
    "thứ tự": "turn",
    "từ ngày": "valid_from",
    "đến ngày": "valid_to",
}
_ROLE_NAMES = {
    "ban chỉ đạo": "steering-committee",
    "thư ký": "secretariat",
    "tổ thư ký": "secretariat",
    "cơ quan chủ trì": "lead-agency",
    "vận hành": "operator",
}
_EVERY = {ALL_UNITS, "tất cả", "all"}
_FORMATS = ("pdf", "docx")
_TIME = re.compile(r"(?:[01]?\d|2[0-3]):[0-5]\d")
_LONGEST_NAME, _MOST_TURNS = 200, 99


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the list; addresses and the name are personal data.

    Args:
        row: Its number in the file.
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


def read_recipients(path: Path, pack: RulePack, on: date) -> list[Entry]:
    """Read a list of recipients.

    Args:
        path: The file.
        pack: Whose units and offices are meant.
        on: The day of whose units the list speaks.

    Raises:
        BadInputError: With every problem of the file; no address is repeated in it.
    """
    problems = Problems(printable(str(path)))
    with open_regular(path) as stream:
        if kind_of(stream, path) == "csv":
            table = csv_table(stream, problems.file, problems, _understood)
        else:
            table = choose_sheet(Workbook(stream, problems.file), _understood)
        entries = list(_Reader(table, problems, pack, on).entries())
    problems.raise_if_any()
    return entries


def _understood(table: Table) -> int:
    return max((len(_columns(row)) for row in table.head), default=0)


def _columns(row: Row) -> dict[str, int]:
    """Return which column of a header row holds what."""
    found: dict[str, int] = {}
    for place, cell in enumerate(row.cells):
        called = " ".join(cell.split()).casefold()
        name = _CALLED.get(called, called.replace(" ", "_"))
        if name in COLUMNS:
            found.setdefault(name, place)
    return found


class _Reader:
    def __init__(self, table: Table, problems: Problems, pack: RulePack, on: date) -> None:
        self._table, self._problems, self._pack, self._on = table, problems, pack, on
        header = max(table.head, key=lambda row: len(_columns(row)), default=None)
        self._columns = {} if header is None else _columns(header)
        self._header = 0 if header is None else header.number
        self._seen: dict[tuple[str, str, str, str], int] = {}

    def entries(self) -> Iterator[Entry]:
        for needed in ("unit", "role"):
            if needed not in self._columns:
                expected = _("a column {name}; known columns: {known}").format(name=needed, known=", ".join(COLUMNS))
                self._problems.error("no-column", expected, self._table.place(self._header or 1))
        self._problems.raise_if_any()
        for row in self._table.rows():
            if row.number > self._header and any(cell.strip() for cell in row.cells):
                yield self._entry(row)

    def _entry(self, row: Row) -> Entry:
        addresses = self._addresses(row)
        values: dict[str, Any] = {
            "unit_id": self._unit(row),
            "role": self._role(row),
            "agency": self._agency(row),
            "language": self._one_of(row, "language", ("vi", "en"), "vi"),
            "formats": self._formats(row),
            "turn": self._turn(row),
            "valid_from": self._day(row, "valid_from"),
            "valid_to": self._day(row, "valid_to"),
        } | {name: self._time(row, name) for name in ("quiet_from", "quiet_to", "digest_at")}
        self._together(row, values)
        self._once(row, values, addresses)
        name = self._text(row, "name")
        if len(name) > _LONGEST_NAME:
            self._wrong(row, "name", _("at most {n} letters").format(n=_LONGEST_NAME))
        return Entry(row.number, values, name, addresses, self._text(row, "webhook_secret"))

    def _text(self, row: Row, column: str) -> str:
        place = self._columns.get(column)
        return "" if place is None or place >= len(row.cells) else row.cells[place].strip()

    def _wrong(self, row: Row, column: str, expected: str, value: str | None = None) -> None:
        place = self._table.place(row.number, self._columns.get(column, column))
        self._problems.error(f"recipient-{column.replace('_', '-')}", expected, place, value)

    def _unit(self, row: Row) -> str:
        said = self._text(row, "unit")
        if said.casefold() in _EVERY:
            return ALL_UNITS
        try:
            return self._pack.units.resolve(said, on=self._on).id
        except ThammuuError as error:
            near = ", ".join(getattr(error, "suggestions", ()))
            self._wrong(row, "unit", _("a unit of that day, or *; nearest: {near}").format(near=near or "–"), said)
            return ""

    def _role(self, row: Row) -> str:
        said = self._text(row, "role")
        role = _ROLE_NAMES.get(said.casefold(), said)
        if role not in ROLES:
            self._wrong(row, "role", _("one of {choices}").format(choices=", ".join(ROLES)), said)
        return role

    def _agency(self, row: Row) -> str | None:
        said = self._text(row, "agency")
        if said and said not in self._pack.agencies:
            from thammuu.rulepack.yaml_positions import nearest

            known = [*self._pack.agencies.agencies, *self._pack.agencies.duties]
            near = ", ".join(nearest(said, known)) or "–"
            self._wrong(row, "agency", _("an office of agencies.yaml; nearest: {near}").format(near=near), said)
        return said or None

    def _one_of(self, row: Row, column: str, choices: tuple[str, ...], default: str) -> str:
        said = self._text(row, column).lower() or default
        if said not in choices:
            self._wrong(row, column, _("one of {choices}").format(choices=", ".join(choices)), said)
        return said

    def _formats(self, row: Row) -> str:
        said = [one.strip().lower() for one in re.split(r"[,;/ ]+", self._text(row, "formats")) if one.strip()]
        if unknown := [one for one in said if one not in _FORMATS]:
            self._wrong(row, "formats", _("any of {choices}").format(choices=", ".join(_FORMATS)), ", ".join(unknown))
        return ",".join(one for one in _FORMATS if one in said) or "pdf"

    def _turn(self, row: Row) -> int:
        said = self._text(row, "turn") or "1"
        if not (said.isascii() and said.isdigit() and 1 <= int(said) <= _MOST_TURNS):
            self._wrong(row, "turn", _("a number from 1 to {n}").format(n=_MOST_TURNS), said)
            return 1
        return int(said)

    def _time(self, row: Row, column: str) -> str | None:
        said = self._text(row, column)
        if said and not _TIME.fullmatch(said):
            self._wrong(row, column, _("a time such as 22:00"), said)
        return said.zfill(5) if said else None

    def _day(self, row: Row, column: str) -> date | None:
        said = self._text(row, column)
        for form in ("%Y-%m-%d", "%d/%m/%Y"):
            try:
                return datetime.strptime(said, form).date() if said else None  # noqa: DTZ007  a day has no time zone
            except ValueError:
                continue
        self._wrong(row, column, _("a day such as 2025-07-01 or 01/07/2025"), said)
        return None

    def _together(self, row: Row, values: dict[str, Any]) -> None:
        if (values["quiet_from"] is None) != (values["quiet_to"] is None):
            self._wrong(row, "quiet_to", _("both quiet_from and quiet_to, or neither"))
        elif values["quiet_from"] is not None and values["quiet_from"] == values["quiet_to"]:
            self._wrong(row, "quiet_to", _("another time than quiet_from"), values["quiet_to"])
        first, last = values["valid_from"], values["valid_to"]
        if first and last and last < first:
            self._wrong(row, "valid_to", _("a day not before valid_from"), last.isoformat())

    def _addresses(self, row: Row) -> dict[str, str]:
        checks: dict[str, Callable[[str], str | None]] = {"email": _email, "chat": _chat, "webhook": _webhook}
        said = {channel: self._text(row, channel) for channel in checks}
        for channel, address in said.items():
            # the address itself is not repeated: problems are logged and mailed around
            if address and (expected := checks[channel](address)):
                self._wrong(row, channel, expected)
        if not any(said.values()):
            self._wrong(row, "email", _("an e-mail address, a chat address or a webhook"))
        return {channel: address for channel, address in said.items() if address}

    def _once(self, row: Row, values: dict[str, Any], addresses: dict[str, str]) -> None:
        for channel, address in addresses.items():
            key = (values["unit_id"], values["role"], channel, address.casefold())
            first = self._seen.setdefault(key, row.number)
            if first != row.number:
                self._wrong(row, channel, _("an address that row {row} does not have already").format(row=first))


def _email(address: str) -> str | None:
    from email_validator import EmailNotValidError, validate_email

    try:
        validate_email(address, check_deliverability=False)
    except EmailNotValidError:
        return _("an e-mail address such as vanphong@example.gov.vn")
    return None


def _chat(address: str) -> str | None:
    return None if re.fullmatch(r"[a-z][a-z0-9+.-]*://\S+", address) else _("a chat address such as tgram://TOKEN/ROOM")


def _webhook(address: str) -> str | None:
    return None if re.fullmatch(r"https?://[^\s@/]+(?:/\S*)?", address) else _("an address such as https://host/hook")


def template_row() -> str:
    """Return the header of an empty list."""
    return ",".join(COLUMNS) + "\n"
