"""A simulated publication of 2025, the first of the 34 provinces: a merged province's past is its parts."""

import csv
from datetime import date
from pathlib import Path

import pytest
from commands import EXAMPLES, Papi, Thammuu, corrected

from thammuu.resources import rules_folder
from thammuu.rulepack.pack import RulePack


@pytest.fixture
def simulated_2025(tmp_path: Path, papi: Papi) -> tuple[Path, Path]:
    """PAPI 2022's scores under the name of 2024, and for 2025 each province with the scores of one of its parts."""
    lines = [line for line in papi(2022).read_text("utf-8").splitlines() if not line.startswith("#")]
    rows = list(csv.DictReader(lines))
    scores = {(row["entity_code"], row["criterion_code"]): row["score"] for row in rows}
    before, after = tmp_path / "simulated-2024.csv", tmp_path / "simulated-2025.csv"
    before.write_text("\n".join([lines[0], *("2024" + line[4:] for line in lines[1:])]) + "\n", "utf-8")
    units = RulePack(rules_folder()).units
    written = ["period,entity_code,criterion_code,score"]
    for unit in units.at(date(2025, 12, 31)):
        part = units.get(unit.predecessors[0]).code if unit.predecessors else unit.code
        codes = dict.fromkeys(code for _, code in scores)
        written += [f"2025,{unit.code},{code},{scores[part, code]}" for code in codes]
    after.write_text("\n".join(written) + "\n", "utf-8")
    return before, after


def test_a_merged_province_shows_its_parts_and_an_unmerged_one_its_own_past(
    thammuu: Thammuu, simulated_2025: tuple[Path, Path]
) -> None:
    before, after = simulated_2025
    publish = ("--index", "papi", "--period")
    assert thammuu("publish", before, *publish, "2024", "--published-on", "2025-04-15", "--history").code == 0
    told = thammuu("publish", after, *publish, "2025", "--published-on", "2026-04-15", "--format", "json")
    assert told.code == 0, told.err
    assert told.json()["units"] == 34
    merged = " ".join(thammuu("memos", "show", "Ninh Bình").out.split())
    for part in ("tỉnh Hà Nam (trước sắp xếp)", "tỉnh Nam Định (trước sắp xếp)", "tỉnh Ninh Bình (trước sắp xếp)"):
        assert part in merged
    assert "Năm 2024, các đơn vị hợp thành" in merged
    assert "so với năm 2024" not in merged.split("KẾT QUẢ CHỈ SỐ")[1].split("Năm 2024")[0]
    unmerged = " ".join(thammuu("memos", "show", "Cao Bằng").out.split())
    assert "các đơn vị hợp thành" not in unmerged
    assert "so với năm 2024" in unmerged
    facts = thammuu("facts", *publish, "2025", "--unit", "Ninh Bình", "--format", "json").json()
    assert {row["previous_score"] for row in facts} == {None}


def test_a_memo_on_former_provinces_goes_to_the_committee_that_answers_now(thammuu: Thammuu, papi: Papi) -> None:
    publish = ("publish", papi(2022), "--index", "papi", "--period", "2022", "--published-on", "2025-09-15")
    summary = thammuu(*publish, "--format", "json").json()
    assert (summary["units"], summary["memos"]) == (63, 34)
    assert len(thammuu("memos", "list", "--format", "json").json()) == 34
    told = " ".join(thammuu("memos", "show", "Hà Nam").out.split())
    assert "Kính gửi: Ủy ban nhân dân tỉnh Ninh Bình" in told
    for heading in ("I. TỈNH HÀ NAM", "II. TỈNH NAM ĐỊNH", "III. TỈNH NINH BÌNH"):
        assert f"{heading} (TRƯỚC SẮP XẾP)" in told
    assert told.count("IV. ĐỀ XUẤT PHÂN CÔNG") == 1
    assert "Sở Kế hoạch và Đầu tư" not in told


def test_drafts_of_merged_units_are_taken_over_by_their_successors(thammuu: Thammuu, papi: Papi) -> None:
    """SIPAS comes before the mergers, PAPI of the same round after them."""
    sipas = EXAMPLES / "sipas" / "sipas-2021.csv"
    thammuu("publish", sipas, "--index", "sipas", "--period", "2021", "--partial", "--published-on", "2025-04-15")
    assert thammuu("memos", "show", "ha-nam-2025").code == 0
    thammuu("publish", papi(2022), "--index", "papi", "--period", "2022", "--published-on", "2025-09-15")
    rows = {row["memo_id"]: row["status"] for row in thammuu("memos", "list", "--format", "json").json()}
    assert rows["ha-nam-2025"] == "superseded"
    assert rows["ninh-binh-2025-2025"] == "draft"
    told = " ".join(thammuu("memos", "show", "ninh-binh-2025-2025").out.split())
    assert "Tỉnh Hà Nam (trước sắp xếp), SIPAS năm 2021" in told
    assert thammuu("memos", "show", "ha-nam-2025").err
    thammuu("publish", "--withdraw", "papi-2022-r1", "--reason", "published by mistake")
    again = {row["memo_id"]: row["status"] for row in thammuu("memos", "list", "--format", "json").json()}
    assert again["ninh-binh-2025-2025"] == "superseded"
    assert again["ha-nam-2025"] == "draft"


def test_a_successors_memo_replaces_the_letters_of_its_round_to_the_former_provinces(
    thammuu: Thammuu, papi: Papi, tmp_path: Path
) -> None:
    publish = ("--index", "papi", "--period", "2022", "--published-on")
    thammuu("publish", papi(2022), *publish, "2025-04-15")
    for unit in ("Hà Nam", "Nam Định"):
        assert thammuu("memos", "issue", unit, "--dated", "2025-04-20").code == 0
    sipas = ("--index", "sipas", "--period", "2021", "--partial", "--published-on", "2025-09-15")
    thammuu("publish", EXAMPLES / "sipas" / "sipas-2021.csv", *sipas)
    assert status_of(thammuu, "ha-nam-2025") == "issued"
    told = " ".join(thammuu("memos", "show", "ninh-binh-2025-2025").out.split())
    assert (
        "Văn bản này thay thế Công văn số 01/BNV-CCHC ngày 20/4/2025 của Bộ Nội vụ và "
        "Công văn số 02/BNV-CCHC ngày 20/4/2025 của Bộ Nội vụ."
    ) in told
    assert "So với Công văn số 01/BNV-CCHC ngày 20/4/2025 của Bộ Nội vụ: bổ sung kết quả 01 chỉ số." in told
    assert told.count("Nhiệm vụ nêu tại văn bản gửi đơn vị trước sắp xếp nay do cơ quan, địa phương") == 1
    assert thammuu("memos", "issue", "ninh-binh-2025-2025", "--dated", "2025-09-20").code == 0
    assert (status_of(thammuu, "ha-nam-2025"), status_of(thammuu, "nam-dinh-2025")) == ("superseded", "superseded")
    ended = [one["data"] for one in thammuu("events", "--type", "memo.superseded", "--format", "json").json()]
    wanted = [("ha-nam-2025", 1, "units-merged"), ("nam-dinh-2025", 1, "units-merged")]
    assert [(one["memo_id"], one["version"], one["reason"]) for one in ended if one["version"]][-2:] == wanted
    english = " ".join(thammuu("memos", "show", "ninh-binh-2025-2025", "--language", "en").out.split())
    assert english.count("BNV-CCHC of 20 April 2025") == 4
    thammuu("publish", corrected(tmp_path, "Hà Nam", "6.3", "1.50"), *publish, "2025-10-15")
    again = " ".join(thammuu("memos", "show", "ninh-binh-2025-2025").out.split())
    assert "Văn bản này thay thế Công văn số 03/BNV-CCHC ngày 20/9/2025 của Bộ Nội vụ." in again
    assert thammuu("ledger", "verify").code == 0


def test_a_successors_memo_looks_back_at_the_letters_of_the_round_before_to_every_former_province(
    thammuu: Thammuu, simulated_2025: tuple[Path, Path]
) -> None:
    publish = ("--index", "papi", "--period")
    before, after = simulated_2025
    thammuu("publish", before, *publish, "2024", "--published-on", "2025-04-15")
    formers = ("Hà Nam", "Nam Định", "Ninh Bình")
    for unit in formers:
        assert thammuu("memos", "issue", unit, "--round", "2025", "--dated", "2025-04-20").code == 0
    thammuu("publish", after, *publish, "2025", "--published-on", "2026-04-15")
    told = " ".join(thammuu("memos", "show", "ninh-binh-2025-2026").out.split())
    for number, unit in enumerate(formers, start=1):
        assert f"Công văn số 0{number}/BNV-CCHC ngày 20/4/2025 của Bộ Nội vụ nêu" in told
        assert f"theo kết quả của tỉnh {unit} (trước sắp xếp)" in told
    assert thammuu("memos", "issue", "ninh-binh-2025-2026", "--dated", "2026-04-20").code == 0
    assert status_of(thammuu, "ha-nam-2025") == "issued"


def status_of(thammuu: Thammuu, memo_id: str) -> str:
    rows = {row["memo_id"]: row["status"] for row in thammuu("memos", "list", "--format", "json").json()}
    return str(rows[memo_id])
