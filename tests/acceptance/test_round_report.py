"""The publisher's own report on a round: what was issued stays told by its number while a draft waits to replace it."""

from pathlib import Path
from typing import Any

from commands import Papi, Thammuu

PUBLISH = ("--index", "papi", "--period", "2022", "--published-on", "2023-04-12")


def report(thammuu: Thammuu, language: str = "vi") -> dict[str, Any]:
    told: dict[str, Any] = thammuu("memos", "summary", "2023", "--format", "json", "--language", language).json()
    return told


def sent(model: dict[str, Any]) -> dict[str, Any]:
    (section,) = (one for one in model["sections"] if one["kind"] == "sent")
    annex = model["annexes"][1]
    return {
        "heading": section["heading"].partition(". ")[2],
        "text": section["blocks"][0]["sentence"]["text"],
        "annex": annex["title"],
        "rows": {row["cells"][1]: row["cells"][2:4] for row in annex["blocks"][0]["rows"]},
    }


def test_a_report_tells_drafts_issued_documents_and_those_being_replaced(
    thammuu: Thammuu, papi: Papi, tmp_path: Path
) -> None:
    assert thammuu("publish", papi(2022), *PUBLISH).code == 0
    drafts = sent(report(thammuu))
    assert (drafts["heading"], drafts["annex"]) == ("VĂN BẢN DỰ THẢO", "VĂN BẢN DỰ THẢO")
    assert drafts["text"].startswith("Đang dự thảo 63 văn bản; tổng số ")
    assert sent(report(thammuu, "en"))["text"].startswith("Memos: 63 in draft; ")

    assert thammuu("memos", "issue", "Hà Nam", "--dated", "2023-04-20").code == 0
    issued = sent(report(thammuu))
    assert (issued["heading"], issued["annex"]) == ("VĂN BẢN GỬI CÁC ĐỊA PHƯƠNG", "VĂN BẢN GỬI CÁC ĐỊA PHƯƠNG")
    assert issued["text"].startswith("Đã ban hành 01 văn bản; đang dự thảo 62 văn bản; tổng số ")
    assert issued["rows"]["Ủy ban nhân dân tỉnh Hà Nam"] == ["01/BNV-CCHC", "20/4/2023"]

    lines = [line for line in papi(2022).read_text("utf-8").splitlines() if ",Hà Nội," not in line]
    corrected = tmp_path / "corrected.csv"
    corrected.write_text("\n".join(lines).replace(",0.991198182,", ",0.4,") + "\n", "utf-8")
    assert thammuu("publish", corrected, *PUBLISH, "--partial").code == 0
    waiting = sent(report(thammuu))
    assert waiting["text"].startswith(
        "Đã ban hành 01 văn bản (trong đó 01 văn bản có dự thảo thay thế); đang dự thảo 61 văn bản; tổng số "
    )
    assert waiting["rows"]["Ủy ban nhân dân tỉnh Hà Nam"] == ["01/BNV-CCHC; có dự thảo thay thế", "20/4/2023"]
    assert "Ủy ban nhân dân Thành phố Hà Nội" not in waiting["rows"]
    assert "Ủy ban nhân dân thành phố Hà Nội" not in waiting["rows"]
