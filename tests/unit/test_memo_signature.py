"""Who signs a memo, where the issuer's file names them."""

import shutil
from dataclasses import replace
from pathlib import Path

from memo_parts import scope

from thammuu.memos.sections.letter import signature
from thammuu.resources import rules_folder
from thammuu.rulepack.issuers import Issuer, load_issuer


def signed_by(tmp_path: Path, name: str) -> Issuer:
    file = Path(shutil.copy(rules_folder() / "issuers" / "bo-noi-vu.yaml", tmp_path))
    file.write_text(file.read_text("utf-8").replace("signature:\n", f"signature:\n  name: {name}\n"), "utf-8")
    return load_issuer(file)


def test_the_name_stays_blank_where_the_file_gives_none() -> None:
    assert signature(scope()).name == ""


def test_the_name_of_the_file_stands_below_the_signature_in_both_languages(tmp_path: Path) -> None:
    issuer = signed_by(tmp_path, "Nguyễn Văn A")
    for language in ("vi", "en"):
        assert signature(replace(scope(language=language), issuer=issuer)).name == "Nguyễn Văn A"
