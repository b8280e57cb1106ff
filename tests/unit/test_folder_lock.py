"""One writing command at a time."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from thammuu.errors import EnvironmentFaultError
from thammuu.ledger.folder_lock import writing

HOLD = """
import sys
from pathlib import Path
from thammuu.ledger.folder_lock import writing
with writing(Path(sys.argv[1])):
    print("held", flush=True)
    sys.stdin.read()
"""


def test_a_second_writer_waits_and_then_says_who_holds_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(EnvironmentFaultError, match=f"process {holder.pid}"), writing(tmp_path, wait_s=0.2):
            pass
        holder.communicate("")
    with writing(tmp_path, wait_s=0.2):
        assert str(os.getpid()) in (tmp_path / "writer.json").read_text()


def test_a_killed_holder_does_not_keep_the_folder(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        holder.kill()
        holder.communicate()
    with writing(tmp_path, wait_s=5):
        pass
