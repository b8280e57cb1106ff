"""The channel that writes mails into a folder."""

import asyncio
import email
import re
import stat
from email import policy
from pathlib import Path

from servers.mail_messages import clock, message
from thammuu.delivery.channels.file import FileChannel
from thammuu.delivery.ports import Answer, Message
from thammuu.settings import Settings


def written(folder: Path, *messages: Message) -> list[Answer]:
    channel = FileChannel(Settings(mail_folder=folder, smtp_from="bao-cao@moha.example"), clock)

    async def go() -> list[Answer]:
        return [await channel.send(one) for one in messages]

    return asyncio.run(go())


def test_a_message_is_written_as_a_whole_mail(tmp_path: Path) -> None:
    folder = tmp_path / "made" / "by the channel"
    assert written(folder, message()) == [Answer("accepted", reference="d-0123456789abcdef.eml")]
    assert [path.name for path in folder.iterdir()] == ["d-0123456789abcdef.eml"]
    parsed = email.message_from_bytes((folder / "d-0123456789abcdef.eml").read_bytes(), policy=policy.default)
    assert parsed["subject"] == "Công văn số 05/BNV-CCHC về kết quả các chỉ số của tỉnh Hà Nam"
    assert [part.get_content_type() for part in parsed.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "text/html",
        "application/pdf",
    ]


def test_only_the_own_account_reads_what_is_written(tmp_path: Path) -> None:
    folder = tmp_path / "read by others"
    folder.mkdir(mode=0o755)
    written(folder, message())
    (file,) = folder.iterdir()
    assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_a_further_try_writes_the_same_bytes_but_for_the_boundaries(tmp_path: Path) -> None:
    tries = []
    for attempt in (1, 2):
        written(tmp_path, message(attempt=attempt))
        (file,) = tmp_path.iterdir()
        tries.append(re.sub(rb"=_[0-9a-f]{32}", b"", file.read_bytes()))
    assert tries[0] == tries[1]


def test_a_folder_that_cannot_be_written_is_tried_again_later(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    (answer,) = written(tmp_path / "taken", message())
    assert answer.outcome == "later"
    assert str(tmp_path) not in answer.reason


def test_a_message_that_cannot_be_a_mail_is_refused(tmp_path: Path) -> None:
    answers = written(tmp_path, message(to={"address": "no address"}), message(delivery_id="../../etc/x"))
    assert [one.outcome for one in answers] == ["refused", "refused"]
    assert list(tmp_path.iterdir()) == []
