"""Every named place is in the code once, does nothing unless asked, and does what it is asked."""

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from thammuu import failpoints
from thammuu.failpoints import POINTS, armed, reach

SOURCES = Path(failpoints.__file__).parent
CALL = re.compile(r'\breach\("([^"]+)"\)')


def test_every_name_is_reached_by_one_place_of_the_code_at_least_and_has_its_line_in_the_list() -> None:
    called = {name for path in SOURCES.rglob("*.py") for name in CALL.findall(path.read_text(encoding="utf-8"))}
    assert called == set(POINTS)


def test_off_nothing_happens() -> None:
    assert armed({}) is None
    for name in POINTS:
        reach(name)


@pytest.mark.parametrize("asked", ["nowhere", "ledger.appended:x", "ledger.appended:1:SIGNONE"])
def test_a_wrong_request_is_refused(asked: str) -> None:
    with pytest.raises((ValueError, KeyError)):
        armed({"THAMMUU_FAIL_AT": asked})


def test_the_process_ends_the_third_time_and_all_places_are_noted(tmp_path: Path) -> None:
    code = 'from thammuu.failpoints import reach\nfor _ in range(5): reach("ledger.appended")'
    asked = {"THAMMUU_FAIL_AT": "ledger.appended:3", "THAMMUU_FAIL_LOG": str(tmp_path / "noted")}
    ended = subprocess.run([sys.executable, "-c", code], env=os.environ | asked, check=False)
    assert ended.returncode == -signal.SIGKILL
    assert (tmp_path / "noted").read_text() == "ledger.appended\n" * 3
