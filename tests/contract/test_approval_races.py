"""Several people at the same draft at the same moment: one of them is heard, the others are told; on both databases."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from threading import Barrier
from typing import TYPE_CHECKING, Any

import pytest
from pydantic import SecretStr
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from servers.deliveries import Hands, issued, settings
from thammuu import bootstrap
from thammuu.errors import BadInputError
from thammuu.intake.acceptance import withdraw
from thammuu.intake.publishing import Request, publish
from thammuu.ledger import log
from thammuu.ledger.postgres import PostgresDatabase
from thammuu.ledger.schema import issued_memos, memos, signed_copies
from thammuu.memos import people
from thammuu.memos.approving import approve, send_back
from thammuu.memos.clearance import clearance
from thammuu.memos.drafting import Edition
from thammuu.memos.editing import Change, edit
from thammuu.memos.issuing import IssuedMemo, issue
from thammuu.memos.numbers import entries
from thammuu.memos.shelf import find, kept_model
from thammuu.memos.signing import hand_back
from thammuu.memos.why import parts_of, text_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from servers.postgres import Postgres
    from thammuu.bootstrap import Program
    from thammuu.bus.context import Context

DAY = date(2023, 5, 4)


@dataclass
class Staff:
    """One ledger and people at it."""

    program: Program
    others: list[Context]
    folder: Path

    @property
    def context(self) -> Context:
        return self.program.context

    def row(self, unit: str) -> dict[str, Any]:
        return find(self.context, unit, None)

    def at_once(self, *acts: Callable[[Context], Any]) -> list[Any]:
        """Let each act in a process of its own, where the database can be shared, all at the same moment."""
        together = Barrier(len(acts))

        def one(act: Callable[[Context], Any], context: Context) -> Any:  # noqa: ANN401
            together.wait(30)
            try:
                return act(context)
            except BadInputError as error:
                return error

        with ThreadPoolExecutor(len(acts)) as threads:
            return list(threads.map(one, acts, self.others))

    def told(self, memo_id: str) -> list[str]:
        """What the ledger tells of a memo's verdicts and numbers."""
        with self.context.database.snapshot() as connection:
            assert log.verify(connection) == []
            found = [one.event for one in log.read(connection)]
        kinds = {"memo.approved", "memo.returned", "memo.issued", "memo.signed"}
        return [one.type for one in found if one.type in kinds and getattr(one.data, "memo_id", "") == memo_id]

    def correct(self, unit: str, period: str = "2022") -> None:
        """Publish the scores again, one of a unit's changed, and draft what follows."""
        code = {"Hà Nội": "01", "Hà Giang": "02", "Cao Bằng": "04", "Bắc Kạn": "06"}[unit]
        lines = (self.folder / "papi-2022-cut.csv").read_text("utf-8").splitlines()
        changed = [re.sub(rf"^({period},{code},.*,6\.3,[^,]*,)[0-9.]+", r"\g<1>1.11", line) for line in lines]
        assert changed != lines
        file = self.folder / "corrected.csv"
        file.write_text("\n".join(changed) + "\n", "utf-8")
        publish(self.context, Request(file, "papi", period, date(2023, 4, 12), partial=True))
        self.program.run()


def reword(staff: Staff, unit: str, context: Context | None = None) -> None:
    """Change the first sentence of a draft but for how it ends."""
    row = staff.row(unit)
    first = next(part for _place, part in parts_of(kept_model(staff.context, row["memo_id"], row["model"])))
    edit(context or staff.context, row, [Change(line=1, text=f"Một câu khác{text_of(first)[-1]}")])


@pytest.fixture(params=["sqlite", "postgres"])
def staff(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Staff]:
    chosen: Any = settings(tmp_path / "data")
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        url = server.new_database()
        database = PostgresDatabase(url)
        database.upgrade()
        database.close()
        chosen = settings(tmp_path / "data", database_url=SecretStr(url))
    with ExitStack() as stack:
        program = stack.enter_context(bootstrap.changing(chosen, Hands()))
        issued(program, tmp_path)
        # one process writes a folder; its threads share the connection
        others = [program.context] * 2
        if request.param == "postgres":
            others = [stack.enter_context(bootstrap.sharing(chosen, Hands())).context for _turn in range(2)]
        yield Staff(program, others, tmp_path)


def test_of_several_who_decide_at_once_one_is_heard(staff: Staff) -> None:
    for unit, second in (
        ("Hà Nội", lambda row: lambda context: approve(context, [row])),
        ("Hà Giang", lambda row: lambda context: send_back(context, row, "Xem lại")),
    ):
        row = staff.row(unit)
        got = staff.at_once(lambda context, row=row: approve(context, [row]), second(row))
        assert sum(isinstance(one, BadInputError) for one in got) == 1, got
        assert len(staff.told(row["memo_id"])) == 1
        assert staff.row(unit)["status"] in {"approved", "returned"}


def test_two_who_approve_the_same_drafts_in_another_order_do_not_wait_for_each_other(staff: Staff) -> None:
    for _turn in range(3):
        rows = [staff.row(unit) for unit in ("Hà Nội", "Hà Giang", "Bắc Kạn")]
        got = staff.at_once(
            lambda context, rows=rows: approve(context, rows), lambda context, rows=rows: approve(context, rows[::-1])
        )
        assert sum(isinstance(one, BadInputError) for one in got) == 1, got
        for row in rows:
            send_back(staff.context, staff.row(row["unit_id"]), "Xem lại")


def test_a_year_ends_at_midnight_in_viet_nam_and_the_next_counts_from_one(staff: Staff) -> None:
    clock = staff.context.clock
    clock.at = datetime(2023, 12, 31, 16, 59, tzinfo=UTC)  # type: ignore[attr-defined]  the clock of the test
    before = issue(staff.context, staff.row("Hà Nội"))
    clock.at = datetime(2023, 12, 31, 17, 0, tzinfo=UTC)  # type: ignore[attr-defined]  the clock of the test
    after = issue(staff.context, staff.row("Hà Giang"))
    late = issue(staff.context, staff.row("Bắc Kạn"), dated=date(2023, 12, 31))
    # the memo of May has number 1
    assert [(one.number, one.dated) for one in (before, after, late) if isinstance(one, IssuedMemo)] == [
        (2, date(2023, 12, 31)),
        (1, date(2024, 1, 1)),
        (3, date(2023, 12, 31)),
    ]


def test_nobody_overrules_a_verdict_that_he_has_not_seen(staff: Staff) -> None:
    row = staff.row("Hà Nội")
    send_back(staff.context, row, "Thiếu căn cứ")
    with pytest.raises(BadInputError) as refused:
        approve(staff.context, [row])
    assert "meanwhile" in refused.value.problems[0].expected if refused.value.problems else str(refused.value)
    assert staff.row("Hà Nội")["status"] == "returned"
    approve(staff.context, [staff.row("Hà Nội")])
    assert staff.told(row["memo_id"]) == ["memo.returned", "memo.approved"]


def test_what_was_edited_or_corrected_since_it_was_read_is_not_approved(staff: Staff) -> None:
    for unit, change in (
        ("Hà Nội", lambda: staff.correct("Hà Nội")),
        ("Hà Giang", lambda: reword(staff, "Hà Giang")),
    ):
        row = staff.row(unit)
        change()
        assert staff.row(unit)["version"] == row["version"] + 1
        for act in (lambda row=row: approve(staff.context, [row]), lambda row=row: send_back(staff.context, row, "x")):
            with pytest.raises(BadInputError, match="look at it again"):
                act()
        assert staff.told(row["memo_id"]) == []


def test_a_draft_edited_while_it_is_approved_or_issued_is_never_the_text_that_nobody_saw(staff: Staff) -> None:
    for unit, act in (
        ("Hà Nội", lambda row: lambda context: approve(context, [row])),
        ("Hà Giang", lambda row: lambda context: approve(context, [row])),
        ("Bắc Kạn", lambda row: lambda context: issue(context, row, dated=DAY)),
    ):
        row = staff.row(unit)
        got = staff.at_once(lambda context, unit=unit: reword(staff, unit, context), act(row))
        now = staff.row(unit)
        told = staff.told(row["memo_id"])
        if now["version"] == 2:
            assert (now["status"], "memo.issued" in told) == ("draft", False), got
        else:
            assert (now["status"], now["model"]) in {("approved", row["model"]), ("issued", now["model"])}, got
            assert isinstance(got[0], BadInputError)
        if now["status"] == "issued":
            model = kept_model(staff.context, row["memo_id"], now["model"])
            assert not any("Một câu khác" in text_of(part) for _place, part in parts_of(model))


def test_a_draft_that_two_issue_at_once_gets_one_number(staff: Staff) -> None:
    row = staff.row("Hà Nội")
    got = staff.at_once(*[lambda context: issue(context, row, dated=DAY)] * 2)
    assert sum(isinstance(one, BadInputError) for one in got) == 1, got
    assert staff.told(row["memo_id"]) == ["memo.approved", "memo.issued"]
    units = ("Hà Giang", "Bắc Kạn")
    rows = [staff.row(one) for one in units]
    both = staff.at_once(*[lambda context, row=row: issue(context, row, dated=DAY) for row in rows])
    assert [isinstance(one, BadInputError) for one in both] == [False, False], both
    with staff.context.database.snapshot() as connection:
        numbers = sorted(connection.execute(select(issued_memos.c.number)).scalars())
    assert numbers == [1, 2, 3, 4]


def test_a_draft_returned_while_it_is_issued_is_one_of_both(staff: Staff) -> None:
    for unit in ("Hà Nội", "Hà Giang", "Bắc Kạn"):
        approve(staff.context, [staff.row(unit)])
        row = staff.row(unit)
        got = staff.at_once(
            lambda context, row=row: issue(context, row, dated=DAY),
            lambda context, row=row: send_back(context, row, "Xem lại"),
        )
        assert sum(isinstance(one, BadInputError) for one in got) == 1, got
        assert staff.told(row["memo_id"]) in [["memo.approved", "memo.issued"], ["memo.approved", "memo.returned"]]


def test_who_issues_holds_the_draft_against_those_who_would_return_it(staff: Staff) -> None:
    if staff.context.settings.database_url is None:
        return
    row = staff.row("Hà Nội")
    theirs = select(memos.c.memo_id).where(memos.c.memo_id == row["memo_id"]).with_for_update(nowait=True)
    with staff.others[0].database.transaction() as connection:
        clearance(staff.others[0], connection, row, Edition(), holding=True)
        with pytest.raises(Exception, match=r"(?i)lock") as refused, staff.others[1].database.transaction() as second:
            second.execute(theirs)
        assert isinstance(refused.value, OperationalError) or refused.value.__cause__ is not None


def test_two_who_end_each_other_s_rights_at_once_do_not_both(staff: Staff) -> None:
    with staff.context.database.transaction() as connection:
        people.add(staff.context, connection, "a", people.RIGHTS)
        people.add(staff.context, connection, "b", people.RIGHTS)

    def second() -> None:
        with staff.others[1].database.transaction() as connection:
            people.end(staff.context, connection, "b", DAY)

    with ThreadPoolExecutor(1) as threads:
        with staff.others[0].database.transaction() as connection:
            people.end(staff.context, connection, "a", DAY)
            refused = threads.submit(second)
            assert not wait([refused], 0.5).done
        with pytest.raises(BadInputError, match="would remain"):
            refused.result(30)


def test_what_was_approved_while_the_right_held_is_issued_after_it_ended(staff: Staff) -> None:
    head = replace(staff.context, settings=staff.context.settings.model_copy(update={"person": "head"}))
    chief = replace(staff.context, settings=staff.context.settings.model_copy(update={"person": "chief"}))
    with staff.context.database.transaction() as connection:
        people.add(staff.context, connection, "chief", people.RIGHTS)
        people.add(chief, connection, "head", ["approve"])
    clock: Any = staff.context.clock
    approve(head, [staff.row("Hà Nội")])
    with staff.context.database.transaction() as connection:
        people.end(chief, connection, "head", clock().date())
    clock.at = clock() + timedelta(days=2)
    with pytest.raises(BadInputError) as refused:
        approve(head, [staff.row("Hà Giang")])
    assert "do not hold" in refused.value.problems[0].expected
    row = staff.row("Hà Nội")
    issue(chief, row, dated=DAY)
    assert staff.told(row["memo_id"]) == ["memo.approved", "memo.issued"]
    assert staff.row("Hà Nội")["status"] == "issued"


def test_a_comment_is_one_that_can_be_read(staff: Staff) -> None:
    row = staff.row("Hà Nội")
    for empty in ("\u200b", "\u202e \x1b", "\u2060" * 5_000):
        with pytest.raises(BadInputError, match="what is wrong"):
            send_back(staff.context, row, empty)
    send_back(staff.context, row, "Thiếu \x1b[2J\u202ecăn cứ\nở mục I")
    assert staff.row("Hà Nội")["comment"] == "Thiếu [2Jcăn cứ ở mục I"
    with pytest.raises(BadInputError, match="why numbers are left out"):
        issue(staff.context, staff.row("Hà Giang"), number=9, void_skipped="\u200b", dated=DAY)
    issue(staff.context, staff.row("Hà Giang"), number=9, void_skipped="Số \x1b[2J\u202ehỏng", dated=DAY)
    with staff.context.database.snapshot() as connection:
        assert [one.reason for one in entries(connection) if one.state == "voided"] == ["Số [2Jhỏng"]


def signed(pdf: bytes) -> bytes:
    """A PDF with what looks like a signature; whether it is a good one is not looked at."""
    range_ = b"\n/ByteRange [0 %08d %08d 00000001]"
    at = len(pdf) + len(range_ % (0, 0))
    return pdf + range_ % (at, at + len(b"<3000>")) + b"<3000>\n"


def test_a_signed_copy_is_never_that_of_a_version_it_was_not_compared_with(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = staff.row("Cao Bằng")
    content = signed(staff.context.blobs.get(row["pdf"]))
    blobs = staff.context.blobs
    put, corrected = blobs.put, []

    def meanwhile(stored: bytes) -> str:
        if stored == content and not corrected:
            corrected.append("once")
            staff.correct("Cao Bằng")
            issue(staff.context, staff.row("Cao Bằng"), dated=DAY)
            staff.program.run()
        return put(stored)

    monkeypatch.setattr(blobs, "put", meanwhile)
    assert hand_back(staff.context, row, content) == 1
    with staff.context.database.snapshot() as connection:
        assert connection.execute(select(signed_copies.c.version)).scalars().all() == [1]
    assert corrected
    with pytest.raises(BadInputError, match="not visibly the signed copy"):
        hand_back(staff.context, staff.row("Cao Bằng"), content)


def test_a_memo_withdrawn_while_its_signed_copy_comes_is_not_signed(
    staff: Staff, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = staff.row("Cao Bằng")
    content = signed(staff.context.blobs.get(row["pdf"]))
    blobs, put, gone = staff.context.blobs, staff.context.blobs.put, []

    def meanwhile(stored: bytes) -> str:
        if stored == content and not gone:
            gone.append("once")
            withdraw(staff.context, "papi-2022-r1", "for a test")
            staff.program.run()
        return put(stored)

    monkeypatch.setattr(blobs, "put", meanwhile)
    with pytest.raises(BadInputError, match="stands no longer"):
        hand_back(staff.context, row, content)
    assert "memo.signed" not in staff.told(row["memo_id"])
