"""The demonstration's memo arrives at a mail server with its PDF and its Word document, in both languages, once."""

from __future__ import annotations

import email
import io
import stat
import zipfile
from contextlib import contextmanager
from email import policy
from typing import TYPE_CHECKING

import pypdf
import pytest

from thammuu import bootstrap, demo_sending
from thammuu.clock import VIETNAM
from thammuu.delivery.listing import Wanted, listed
from thammuu.delivery.recipients_changing import add
from thammuu.demo import MEETING, STEPS
from thammuu.errors import BadInputError
from thammuu.intake import publishing
from thammuu.ledger import log
from thammuu.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from email.message import EmailMessage
    from pathlib import Path

    from thammuu.bootstrap import Program


@contextmanager
def prepared(folder: Path, **more: object) -> Iterator[Program]:
    """A data folder with one publication of the demonstration."""
    own = {"smtp_from": demo_sending.FROM, "smtp_reply_to": demo_sending.ANSWERS}
    settings = Settings(data=folder / "data", secret_key_file=demo_sending.key_in(folder), **own | more)
    with bootstrap.changing(settings) as program:
        step = next(one for one in STEPS if one.file.endswith("papi-2021.csv"))
        publishing.publish(program.context, step.request())
        program.run()
        yield program


def read(path: Path) -> EmailMessage:
    return email.message_from_bytes(path.read_bytes(), policy=policy.default)


def test_the_memo_arrives_with_its_files_in_both_languages_and_only_once(tmp_path: Path) -> None:
    # a server of the real world that is set is not used
    with prepared(tmp_path, smtp_host="mail.invalid", smtp_user="somebody", mails_a_minute=1) as program:
        mails = demo_sending.send(program, tmp_path / "mail")
        again = demo_sending.send(program, tmp_path / "mail")
        with program.context.database.snapshot() as connection:
            states = [row["state"] for row in listed(connection, Wanted())]
            told = [one.event.type for one in log.read(connection, after=0) if one.event.type > "delivery"]
    assert again == []
    assert [path.suffix for path in mails] == [".eml", ".eml"]
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    found = {parsed["content-language"]: (path, parsed) for path in mails for parsed in [read(path)]}
    for language, number, name in (
        ("vi", "Số: 01/BNV-CCHC", "Bộ Nội vụ"),
        ("en", "No: 01/BNV-CCHC", "Ministry of Home Affairs"),
    ):
        path, parsed = found[language]
        (sender,) = parsed["from"].addresses
        assert (sender.display_name, sender.addr_spec) == (name, demo_sending.FROM)
        assert parsed["date"].endswith(" +0700")
        pdf, docx = parsed.iter_attachments()
        assert number in pypdf.PdfReader(io.BytesIO(pdf.get_content())).pages[0].extract_text()
        assert zipfile.ZipFile(io.BytesIO(docx.get_content())).testzip() is None
        assert path.with_suffix(".html").exists()
        assert path.with_suffix(".txt").exists()
    # the way of every memo: nobody else is told, and everything is in the ledger
    assert states == ["accepted", "accepted"]
    way = ("memo.approved", "memo.issued", "delivery.queued", "delivery.requeued", "delivery.attempted")
    assert [told.count(kind) for kind in way] == [1, 1, 2, 2, 2]
    assert told.count("delivery.succeeded") == len(told) - told.index("delivery.succeeded") == 2


def test_a_memo_that_was_issued_before_is_sent_as_well(tmp_path: Path) -> None:
    from thammuu.memos.issuing import issue
    from thammuu.memos.shelf import find

    with prepared(tmp_path) as program:
        issue(program.context, find(program.context, "Hà Nam", "2022"), dated=MEETING)
        program.run()
        assert len(demo_sending.send(program, tmp_path / "mail")) == 2


def test_data_with_recipients_of_its_own_is_left_alone(tmp_path: Path) -> None:
    with prepared(tmp_path) as program:
        other = {"unit": "Hà Nội", "role": "secretariat", "email": "vp@ha-noi.example.com"}
        add(program.context, other, program.context.clock().astimezone(VIETNAM).date())
        with pytest.raises(BadInputError, match="--dir"):
            demo_sending.send(program, tmp_path / "mail")
        with program.context.database.snapshot() as connection:
            assert listed(connection, Wanted()) == []
    assert not (tmp_path / "mail").exists()
