"""What a delivery becomes: the words in both languages, the files, who may stop it."""

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import insert, select, update

from thammuu import bootstrap
from thammuu.bootstrap import Program
from thammuu.delivery.composing import compose
from thammuu.delivery.letter import Enclosed, Occasion, Replaced, letter_of
from thammuu.delivery.ports import Language, Message
from thammuu.delivery.vault import vault_of
from thammuu.demo import STEPS
from thammuu.errors import PermanentRefusalError
from thammuu.intake import publishing
from thammuu.ledger.schema import (
    contact_points,
    deliveries,
    delivery_memos,
    issued_memos,
    publications,
    recipients,
    signed_copies,
)
from thammuu.memos.issuing import issue
from thammuu.memos.model import Item, MemoModel, Section, Sentence
from thammuu.memos.printing.self_contained import loads
from thammuu.memos.shelf import find, kept_model
from thammuu.memos.wording import WORDS
from thammuu.settings import Settings

PAPI_2021 = next(step for step in STEPS if step.file.endswith("papi-2021.csv"))
ISSUED_ON = date(2022, 6, 22)
ENGLISH = re.compile(r"\b(?:the|of|and|before|attached|message|task|deadline|document)\b", re.IGNORECASE)
VIETNAMESE = re.compile(r"[ăâđêôơưạảấầẩẫậắằẳẵặẹẻẽếềểễệịỉĩọỏốồổỗộớờởỡợụủứừửữựỳỵỷỹ]", re.IGNORECASE)


@pytest.fixture(scope="module")
def program(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Program]:
    """Hà Nam's and Bắc Giang's memos on PAPI 2021, issued."""
    settings = Settings(
        data=tmp_path_factory.mktemp("ledger"),
        secret_key=Fernet.generate_key().decode(),
        smtp_reply_to="cchc@moha.example",
    )
    with bootstrap.changing(settings) as running:
        publishing.publish(running.context, PAPI_2021.request())
        running.run()
        for unit in ("Hà Nam", "Bắc Giang"):
            issue(running.context, find(running.context, unit), dated=ISSUED_ON)
        running.run()
        yield running


def deliver(  # noqa: PLR0913  what a delivery depends on
    program: Program,
    name: str,
    *memos: str,
    language: str = "vi",
    formats: str = "pdf,docx",
    to: str = "Văn phòng Ủy ban nhân dân tỉnh Hà Nam",
    unit: str = "ha-nam",
    kind: str = "memo",
    channel: str = "email",
    version: int | None = None,
) -> None:
    """Write the rows of a delivery."""
    vault = vault_of(program.context.settings)
    fields = {"recipient_id": name, "channel": channel}
    point = {"sealed": vault.seal(json.dumps({"address": "vp@hanam.example"}).encode()), "address_mark": name}
    times = {"due": 0.0, "deadline": 0.0, "attempts": 2, "unknowns": 0, "repetition": 0, "overdue": False}
    texts = {"subject": "ha-nam", "kind": kind, "severity": "major", "state": "attempting", "reason": ""}
    with program.context.database.transaction() as connection:
        connection.execute(
            insert(recipients).values(
                recipient_id=name,
                unit_id=unit,
                role="secretariat",
                turn=1,
                language=language,
                formats=formats,
                sealed_name=vault.seal(to.encode()),
                erased=False,
            )
        )
        connection.execute(insert(contact_points).values(**fields, **point, state="usable"))
        connection.execute(insert(deliveries).values(delivery_id=name, **fields, **times, **texts, reference=""))
        for memo in memos or ("ha-nam-2022",):
            row = connection.execute(select(issued_memos).where(issued_memos.c.memo_id == memo)).first()
            assert row is not None
            which = {"memo_id": memo, "version": version or row.version, "kind": kind, "repetition": 0}
            connection.execute(insert(delivery_memos).values(delivery_id=name, **fields, **which))


def composed(program: Program, name: str) -> Message:
    with program.context.database.snapshot() as connection:
        return compose(program.context, connection, name)


def test_an_office_reads_what_it_is_sent_in_vietnamese(program: Program) -> None:
    deliver(program, "d-vi")
    made = composed(program, "d-vi")
    assert made.subject == (
        "Công văn số 01/BNV-CCHC về kết quả Chỉ số PAPI công bố năm 2022 của tỉnh Hà Nam và nhiệm vụ cần thực hiện"
    )
    assert made.text.startswith(
        "Kính gửi: Văn phòng Ủy ban nhân dân tỉnh Hà Nam\n\nBộ Nội vụ gửi Công văn số 01/BNV-CCHC ngày 22/6/2022 về"
    )
    assert "PAPI năm 2021: đạt 43,2855/80 điểm" in made.text
    assert "Toàn văn và phụ lục tại tệp kèm theo./." in made.text
    assert "cchc@moha.example" in made.text
    assert made.text.rstrip().endswith("Mã thư: d-vi")
    assert made.sender == "Bộ Nội vụ"
    assert (made.attempt, made.language, made.kind, made.unsubscribe) == (2, "vi", "memo", "")
    assert [(one.memo_id, one.number, one.dated, one.link) for one in made.memos] == [("ha-nam-2022", 1, ISSUED_ON, "")]
    bare = re.sub(r"\S+@\S+|\S+\.(?:pdf|docx)|d-vi|PAR INDEX", "", made.text)
    assert not ENGLISH.search(bare)
    assert "None" not in made.text + made.html


def test_the_english_edition_holds_no_vietnamese(program: Program) -> None:
    deliver(program, "d-en", language="en", to="Office of the People's Committee")
    made = composed(program, "d-en")
    assert made.subject.startswith("Official letter No 01/BNV-CCHC")
    assert made.text.startswith("To: Office of the People's Committee\n\nThe Ministry of Home Affairs sends official")
    assert made.sender == "Ministry of Home Affairs"
    assert "The English edition is for information; the Vietnamese text is the" in made.text
    assert ">MINISTRY OF HOME AFFAIRS</p>" in made.html
    assert not VIETNAMESE.search(made.subject + made.text + made.html + made.chat)
    assert [one.name for one in made.attachments] == [
        "01-BNV-CCHC_ha-nam-2022.en.pdf",
        "01-BNV-CCHC_ha-nam-2022.en.docx",
    ]


def test_the_page_loads_nothing_and_says_what_the_text_says(program: Program) -> None:
    deliver(program, "d-page")
    made = composed(program, "d-page")
    assert loads(made.html) is None
    assert 'name="color-scheme" content="light dark"' in made.html
    for line in re.findall(r"PAPI năm 2021: [^\n]{20}", made.text):
        assert line in made.html
    tasks = re.findall(r"^(\d+\. \S+ \S+ \S+)", made.text, re.MULTILINE)
    assert len(tasks) == 3
    assert all(f">{one}" in made.html for one in tasks)


def test_a_name_is_text_wherever_it_stands(program: Program) -> None:
    deliver(program, "d-script", to="<script>alert(1)</script>\r\n{{ 7*7 }} & \u202eSở")
    made = composed(program, "d-script")
    assert "<script" not in made.html
    assert "&lt;script&gt;alert(1)&lt;/script&gt; {{ 7*7 }} &amp; Sở" in made.html
    assert "{{ 7*7 }}" in made.text


def test_the_files_are_those_the_recipient_wants(program: Program) -> None:
    deliver(program, "d-both")
    deliver(program, "d-pdf", formats="pdf")
    deliver(program, "d-none", formats="")
    pdf, docx = composed(program, "d-both").attachments
    assert pdf.name == "01-BNV-CCHC_ha-nam-2022.pdf"
    assert pdf.content.startswith(b"%PDF-1.7")
    assert zipfile.ZipFile(io.BytesIO(docx.content)).testzip() is None
    assert [one.media_type for one in composed(program, "d-pdf").attachments] == ["application/pdf"]
    without = composed(program, "d-none")
    assert without.attachments == ()
    assert "tệp kèm theo" not in without.text.lower()


def test_a_chat_message_is_short_and_carries_no_files(program: Program) -> None:
    deliver(program, "d-chat", channel="chat")
    made = composed(program, "d-chat")
    assert made.attachments == ()
    assert len(made.chat) <= 1_500
    assert made.chat.startswith("Công văn số 01/BNV-CCHC về kết quả")
    assert "\n3. " in made.chat


def test_several_memos_come_in_one_message(program: Program) -> None:
    deliver(program, "d-two", "bac-giang-2022", "ha-nam-2022")
    made = composed(program, "d-two")
    assert made.subject == (
        "02 văn bản về kết quả các chỉ số của tỉnh Hà Nam, tỉnh Bắc Giang: số 01/BNV-CCHC, 02/BNV-CCHC"
    )
    assert [one.memo_id for one in made.memos] == ["ha-nam-2022", "bac-giang-2022"]
    assert len({one.name for one in made.attachments}) == 4
    assert "\n1. Công văn số 01/BNV-CCHC ngày 22/6/2022" in made.text
    assert "\n2. Công văn số 02/BNV-CCHC ngày 22/6/2022" in made.text


def test_who_follows_every_unit_may_stop_and_an_office_may_not(program: Program) -> None:
    deliver(program, "d-all", unit="*")
    assert composed(program, "d-all").unsubscribe == "mailto:cchc@moha.example?subject=unsubscribe%20d-all"


def test_a_withdrawal_says_which_document_and_why(program: Program) -> None:
    deliver(program, "d-gone", kind="withdrawal")
    deliver(program, "d-gone-chat", kind="withdrawal", channel="chat")
    with program.context.database.transaction() as connection:
        connection.execute(update(publications).values(withdrawn_reason="Đơn vị công bố rà soát lại số liệu"))
    try:
        made, said = composed(program, "d-gone"), composed(program, "d-gone-chat")
    finally:
        with program.context.database.transaction() as connection:
            connection.execute(update(publications).values(withdrawn_reason=None))
    assert made.subject == "Thu hồi Công văn số 01/BNV-CCHC ngày 22/6/2022"
    assert "Bộ Nội vụ thu hồi Công văn số 01/BNV-CCHC ngày 22/6/2022 về" in made.text.replace("\n", " ")
    assert "Lý do: Đơn vị công bố rà soát lại số liệu." in made.text
    assert made.attachments == ()
    assert "Lý do: Đơn vị công bố rà soát lại số liệu." in said.chat


def test_the_signed_copy_is_what_is_sent(program: Program) -> None:
    signed = b"%PDF-1.7 signed by the office's own tool"
    with program.context.database.transaction() as connection:
        row = connection.execute(select(issued_memos).where(issued_memos.c.memo_id == "bac-giang-2022")).one()
        blob = program.context.blobs.put(signed)
        connection.execute(
            insert(signed_copies).values(memo_id=row.memo_id, version=row.version, pdf=blob, person="an")
        )
    deliver(program, "d-signed", "bac-giang-2022", formats="pdf")
    deliver(program, "d-signed-en", "bac-giang-2022", formats="pdf", language="en")
    made = composed(program, "d-signed")
    assert [one.content for one in made.attachments] == [signed]
    assert "Tệp PDF là bản đã ký số." in made.text
    english = composed(program, "d-signed-en")
    assert [one.name for one in english.attachments] == [
        "02-BNV-CCHC_bac-giang-2022.pdf",
        "02-BNV-CCHC_bac-giang-2022.en.pdf",
    ]
    assert english.attachments[0].content == signed


def test_a_recipient_without_an_address_is_refused_for_good(program: Program) -> None:
    deliver(program, "d-erased")
    with program.context.database.transaction() as connection:
        mine = contact_points.c.recipient_id == "d-erased"
        connection.execute(update(contact_points).where(mine).values(sealed=None))
    with pytest.raises(PermanentRefusalError, match="no address"):
        composed(program, "d-erased")


@pytest.mark.parametrize(
    ("language", "said", "label"),
    [
        ("vi", "Văn bản này thay thế Công văn số 01/BNV-CCHC ngày 20/6/2022;", "Nội dung thay đổi"),
        ("en", "It replaces official letter No 01/BNV-CCHC of 20 June 2022,", "What changes"),
    ],
)
def test_a_correction_names_what_it_replaces_and_what_changes(
    program: Program,
    language: Language,
    said: str,
    label: str,
) -> None:
    row = find(program.context, "Hà Nam")
    model = corrected(kept_model(program.context, row["memo_id"], row["model"]))
    occasion = Occasion(
        words=WORDS[language],
        issuer="Bộ Nội vụ",
        to="",
        kind="memo",
        files=(),
        signed=False,
        answers="",
        delivery_id="d-1",
        today=ISSUED_ON,
    )
    enclosed = Enclosed(model, ISSUED_ON, replaces=Replaced("cong-van", "01/BNV-CCHC", date(2022, 6, 20)))
    letter = letter_of(occasion, [enclosed])
    assert letter["opening"][1].startswith(said)
    assert letter["documents"][0]["changes_label"] == label
    assert letter["documents"][0]["changes"] == ["PAPI năm 2021: tổng điểm 43,29 thay cho 43,20."]
    several = letter_of(occasion, [enclosed, replace(enclosed, replaces=None)])
    assert several["documents"][0]["paragraphs"][0].startswith(said)
    assert several["documents"][1]["paragraphs"] == []


def corrected(model: MemoModel) -> MemoModel:
    told = Sentence(text="PAPI năm 2021: tổng điểm 43,29 thay cho 43,20.", because=("memo:ha-nam-2022@1",))
    since = Section(kind="since", heading="", blocks=(Item(sentence=told),))
    return model.model_copy(update={"sections": (*model.sections, since)})


def test_what_the_mail_says_does_not_change_what_the_memo_is(program: Program, tmp_path: Path) -> None:
    import shutil

    from thammuu.memos.printing.render import Renderer
    from thammuu.resources import templates_folder

    copy = tmp_path / "templates"
    shutil.copytree(templates_folder(), copy)
    before = Renderer(copy).templates_hash
    (copy / "action_memo" / "body.txt.j2").write_text("{{ letter.subject }}")
    assert Renderer(copy).templates_hash == before == program.context.renderer.templates_hash
    (copy / "action_memo" / "memo.txt.j2").write_text("{{ memo.title }}")
    assert Renderer(copy).templates_hash != before
