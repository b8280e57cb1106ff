"""Issuing bodies: ``rules check`` reads each one, and a file that cannot sign is told with its line."""

import json
import shutil
from pathlib import Path

import pytest

from thammuu.cli.main import main
from thammuu.errors import BadInputError
from thammuu.resources import rules_folder
from thammuu.rulepack.issuers import load_issuer
from thammuu.rulepack.issuers_check import check_issuers


@pytest.fixture
def issuers(tmp_path: Path) -> Path:
    """A copy of the shipped issuers."""
    return Path(shutil.copytree(rules_folder() / "issuers", tmp_path / "issuers"))


def change(issuers: Path, old: str, new: str, name: str = "bo-noi-vu") -> int:
    """Change a file and return the line of the change."""
    file = issuers / f"{name}.yaml"
    text = file.read_text("utf-8")
    assert old in text
    file.write_text(text.replace(old, new, 1), "utf-8")
    return text[: text.index(old)].count("\n") + 1


def test_the_shipped_issuers_can_sign() -> None:
    assert check_issuers(rules_folder() / "issuers") == []


@pytest.mark.parametrize(
    ("old", "new", "code", "value"),
    [
        ("form: cong-van", "form: cong-van\nfrom: x", "schema-extra-forbidden", "from"),
        ("id: bo-noi-vu", "id: bo-noi-vu-hai", "issuer-id", "bo-noi-vu-hai"),
        ("number_symbol: BNV-CCHC", "number_symbol: ''", "issuer-symbol", ""),
        ("number_symbol: BNV-CCHC", "number_symbol: bnv cchc", "issuer-symbol", "bnv cchc"),
        ("number_symbol: BNV-CCHC", "number_symbol: '{UNIT}-NC'", "issuer-symbol", "{UNIT}-NC"),
        ("vi: Bộ Nội vụ,", "vi: 'Bộ {unti}',", "issuer-blank", "{unti}"),
        ("vi: BỘ NỘI VỤ,", "vi: 'BỘ {unit}',", "issuer-blank", "{unit}"),
        ("vi: Hà Nội,", "vi: '{{place}}',", "issuer-blank", "{"),
        ("vi: TL. BỘ TRƯỞNG,", "vi: 'TL. {kind}',", "issuer-blank", "{kind}"),
        ("of {unit} (for", "of {Unit} (for", "issuer-blank", "{Unit}"),
        ("form: cong-van", "form: cong-van\nverify_address: memos.example.org", "schema-value-error", None),
        ("form: cong-van", "form: cong-van\nverify_address: 'javascript:alert(1)'", "schema-value-error", None),
        (
            "form: cong-van",
            f"form: cong-van\nverify_address: https://example.org/{'a' * 200}",
            "schema-value-error",
            None,
        ),
        ("form: cong-van", "form: ke-hoach", "issuer-form", "ke-hoach"),
    ],
)
def test_an_issuer_that_cannot_sign_is_told_with_what_stood_there(
    issuers: Path, old: str, new: str, code: str, value: str | None
) -> None:
    line = change(issuers, old, new)
    first = check_issuers(issuers)[0]
    assert (first.code, Path(str(first.place.file)).name) == (code, "bo-noi-vu.yaml")
    assert (first.place.line or 0) - line in {0, 1}
    assert value is None or first.value == value


@pytest.mark.parametrize("said", ["PGS.TS. Nguyễn Văn A", "TS. Nguyễn Văn A", "GS. Nguyễn Văn A", "ThS. Nguyễn Văn A"])
def test_a_title_before_the_name_of_who_signs_is_refused(issuers: Path, said: str) -> None:
    change(issuers, "signature:\n", f"signature:\n  name: {said}\n")
    (problem,) = check_issuers(issuers)
    assert (problem.code, problem.place.line) == ("schema-value-error", 10)
    with pytest.raises(BadInputError):
        load_issuer(issuers / "bo-noi-vu.yaml")


@pytest.mark.parametrize("said", ["Nguyễn Văn A", "Tsan Văn B", "Ông Thị C"])
def test_the_name_of_who_signs_stands_in_the_signature(issuers: Path, said: str) -> None:
    change(issuers, "signature:\n", f"signature:\n  name: {said}\n")
    assert load_issuer(issuers / "bo-noi-vu.yaml").signature.name.vi == said


def test_two_files_with_one_id_are_told(issuers: Path) -> None:
    shutil.copy(issuers / "bo-noi-vu.yaml", issuers / "copy.yaml")
    assert {one.code for one in check_issuers(issuers)} == {"issuer-twice", "issuer-id"}


def test_the_party_committee_may_be_named_among_the_recipients(issuers: Path) -> None:
    text = (issuers / "ubnd-tinh-vi-du.yaml").read_text(encoding="utf-8")
    assert "Thường trực {party}" in text
    assert check_issuers(issuers) == []


def test_rules_check_reads_issuers_that_nobody_uses(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = Path(shutil.copytree(rules_folder(), tmp_path / "rules"))
    change(rules / "issuers", "number_symbol: UBND-NC", "number_symbol: ''", "ubnd-tinh-vi-du")
    monkeypatch.setenv("THAMMUU_RULES", str(rules))
    assert main(["rules", "check", "--format", "json"]) == 2
    (problem,) = json.loads(capsys.readouterr().out)["problems"]
    assert problem["code"] == "issuer-symbol"
