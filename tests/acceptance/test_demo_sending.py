"""The demonstration's memo arrives at a mail server with its PDF and its Word document, in both languages, once."""

import email
import io
import zipfile
from email import policy
from pathlib import Path

import pypdf
from cryptography.fernet import Fernet

from thammuu import bootstrap, demo_sending
from thammuu.demo import STEPS
from thammuu.intake import publishing
from thammuu.settings import Settings


def test_the_memo_arrives_with_its_files_in_both_languages_and_only_once(tmp_path: Path) -> None:
    settings = Settings(
        data=tmp_path / "data",
        secret_key=Fernet.generate_key().decode(),
        smtp_from=demo_sending.FROM,
        smtp_reply_to=demo_sending.ANSWERS,
    )
    with bootstrap.changing(settings) as program:
        step = next(one for one in STEPS if one.file.endswith("papi-2021.csv"))
        publishing.publish(program.context, step.request())
        program.run()
        mails = demo_sending.send(program, tmp_path / "mail")
        again = demo_sending.send(program, tmp_path / "mail")
    assert again == []
    assert [path.suffix for path in mails] == [".eml", ".eml"]
    for path, language, number in zip(mails, ("vi", "en"), ("Số: 01/BNV-CCHC", "No: 01/BNV-CCHC"), strict=True):
        parsed = email.message_from_bytes(path.read_bytes(), policy=policy.default)
        assert parsed["content-language"] == language
        pdf, docx = parsed.iter_attachments()
        assert number in pypdf.PdfReader(io.BytesIO(pdf.get_content())).pages[0].extract_text()
        assert zipfile.ZipFile(io.BytesIO(docx.get_content())).testzip() is None
        assert path.with_suffix(".html").exists()
        assert path.with_suffix(".txt").exists()
