"""The states of a delivery as they are drawn for people, held against the moves that the program allows."""

import re
from pathlib import Path

from thammuu.delivery.states import FINAL, WAITING, may_become

DRAWN = re.findall(
    r"^    (\S+) --> ([^:\s]+)", (Path(__file__).parents[2] / "docs" / "delivery.md").read_text("utf-8"), re.MULTILINE
)


def test_every_move_of_the_drawing_is_one_that_the_program_makes() -> None:
    moves = [(old, new) for old, new in DRAWN if "[*]" not in {old, new}]
    assert len(moves) > 10
    assert [move for move in moves if not may_become(*move)] == []


def test_the_drawing_ends_where_nothing_more_happens() -> None:
    assert {old for old, new in DRAWN if new == "[*]"} == FINAL


def test_what_waits_or_is_at_hand_can_be_cancelled_and_what_has_ended_cannot() -> None:
    assert {old for old in (*WAITING, *FINAL, "attempting") if may_become(old, "cancelled")} == {*WAITING, "attempting"}
