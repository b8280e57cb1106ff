"""Names, addresses and secrets of recipients: readable nowhere but where they are asked for with the key."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from pathlib import Path

import pytest

from thammuu.cli.main import main
from thammuu.delivery.vault import Vault
from thammuu.errors import EnvironmentFaultError

EXAMPLES = Path(__file__).parents[2] / "examples"
CANARIES = ("Hoàng Yến", "hoang.yen@nest.example.com", "tgram://112233:canarytoken/445566", "hook.example.com/yellow")
SECRET = "whsec_Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5Y2FuYXJ5"  # noqa: S105  a made-up one
HEADER = "unit,role,name,email,chat,webhook,webhook_secret\n"
LINE = "{unit},{role},Hoàng Yến,hoang.yen@nest.example.com,tgram://112233:canarytoken/445566,{hook},{secret}\n"


class Shell:
    """Runs commands and keeps what they printed."""

    def __init__(self, capfd: pytest.CaptureFixture[str]) -> None:
        self._capfd = capfd
        self.printed = ""

    def __call__(self, *arguments: str | Path, code: int = 0) -> str:
        self._capfd.readouterr()
        ended = main([str(one) for one in arguments])
        out, err = self._capfd.readouterr()
        assert ended == code, err
        self.printed += out + err
        return out


def forms(text: str) -> list[bytes]:
    """The text as files may hold it."""
    return [text.encode(), text.encode("utf-16-le"), json.dumps(text).strip('"').encode(), text.casefold().encode()]


def found_in(folder: Path) -> list[tuple[str, str]]:
    told = []
    for file in (one for one in folder.rglob("*") if one.is_file()):
        content = file.read_bytes()
        told += [(file.name, text) for text in (*CANARIES, SECRET) for form in forms(text) if form in content]
    return told


@pytest.fixture
def shell(tmp_path: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Shell:
    run = Shell(capfd)
    monkeypatch.setenv("THAMMUU_LANG", "en")
    monkeypatch.setenv("THAMMUU_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("COLUMNS", "400")
    (tmp_path / "keys").write_text(run("keys", "new"), "ascii")
    (tmp_path / "keys").chmod(0o600)
    monkeypatch.setenv("THAMMUU_SECRET_KEY_FILE", str(tmp_path / "keys"))
    return run


def test_personal_data_is_readable_nowhere_but_with_the_key(
    shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scores = EXAMPLES / "papi" / "papi-2022.csv"
    shell("publish", scores, "--index", "papi", "--period", "2022", "--published-on", "2023-04-12")
    hook = f"https://{CANARIES[3]}"
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    good.write_text(HEADER + LINE.format(unit="*", role="secretariat", hook=hook, secret=SECRET), "utf-8")
    bad.write_text(HEADER + LINE.format(unit="*", role="no-role", hook="ftp" + hook, secret=SECRET), "utf-8")
    shell("recipients", "import", bad, code=2)
    shell("recipients", "import", good)
    shell("recipients", "list", "--format", "json")
    shell("routes", "test", "--unit", "Hà Nam", "--at", "2023-04-20T10:00", "--format", "json")
    shell("memos", "issue", "Hà Nam", "--dated", "2023-04-20")
    queued = json.loads(shell("events", "--type", "delivery.queued", "--format", "json"))
    assert {one["data"]["channel"] for one in queued} == {"email", "chat", "webhook"}
    shell("events", "--format", "json")
    shell("routes", "apply", "--round", "2023")
    shell("doctor")
    shell("backup", tmp_path / "backup")
    shell("memos", "export", tmp_path / "export", "--format", "json")
    assert [text for text in (*CANARIES, SECRET) if text in shell.printed] == []
    assert {text for _file, text in found_in(tmp_path)} == {*CANARIES, SECRET}, "the search finds what is there"
    for folder in ("data", "backup", "export"):
        assert found_in(tmp_path / folder) == []

    opened = shell("recipients", "list", "--show-addresses", "--format", "json")
    assert all(text in opened for text in CANARIES)
    assert SECRET not in opened
    (row,) = json.loads(opened)
    before = shell("ledger", "verify")
    shell("recipients", "erase", row["recipient_id"], "--yes")
    assert shell("ledger", "verify") == before
    assert json.loads(shell("recipients", "list", "--format", "json")) == []
    assert len(json.loads(shell("events", "--type", "delivery.queued", "--format", "json"))) == len(queued)

    shell("recipients", "import", good)
    (tmp_path / "keys").write_text(shell("keys", "new"), "ascii")
    printed = len(shell.printed)
    shell("recipients", "list", "--show-addresses", code=3)
    assert "another key" in shell.printed[printed:]
    monkeypatch.delenv("THAMMUU_SECRET_KEY_FILE")
    shell("recipients", "import", good, code=2)
    assert [text for text in (CANARIES[1], SECRET) if text in shell.printed.replace(opened, "")] == []


def test_a_wrong_key_is_not_repeated(shell: Shell, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("THAMMUU_SECRET_KEY_FILE")
    monkeypatch.setenv("THAMMUU_SECRET_KEY", "bm90LWEta2V5LWNhbmFyeQ==")
    file = tmp_path / "list.csv"
    file.write_text(HEADER + LINE.format(unit="*", role="secretariat", hook="", secret=""), "utf-8")
    shell("recipients", "import", file, code=2)
    assert "bm90LWE" not in shell.printed


def test_nothing_that_was_erased_can_be_opened_with_the_key_any_more(shell: Shell, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    lines = [LINE.format(unit="*", role="secretariat", hook="", secret="")]
    lines += [lines[0].replace("hoang.yen@nest", f"a{n}@nest").replace("445566", f"44{n:04}") for n in range(40)]
    file.write_text(HEADER + "".join(lines), "utf-8")
    shell("recipients", "import", file)
    key = (tmp_path / "keys").read_text("ascii").strip()
    assert len(sealed_in(tmp_path / "data", key)) == 1 + 41 * 2  # the name is one
    for row in json.loads(shell("recipients", "list", "--format", "json")):
        shell("recipients", "erase", row["recipient_id"], "--yes")
    assert sealed_in(tmp_path / "data", key) == set()


def sealed_in(folder: Path, key: str) -> set[bytes]:
    """What the files of a folder hold that the key opens, the database's unused space included."""
    vault, told = Vault([key]), set()
    for file in (one for one in folder.rglob("*") if one.is_file()):
        for found in re.findall(rb"gAAAAA[A-Za-z0-9_-]+={0,2}", file.read_bytes()):
            # what stands behind it may look like more of it; a token holds 57 bytes and blocks of 16
            for blocks in range(1, 20):
                with suppress(EnvironmentFaultError):
                    told.add(vault.open(found[: (57 + 16 * blocks + 2) // 3 * 4]))
    return told
