import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

CHECKOUT = Path(__file__).parents[2]
COMPOSE = CHECKOUT / "compose.yaml"
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text("utf-8")
_VARIABLE = re.compile(r"\$\{\w+:-([^}]*)\}")


@pytest.fixture
def service() -> dict[str, Any]:
    with_defaults = _VARIABLE.sub(r"\1", COMPOSE.read_text("utf-8"))
    found: dict[str, Any] = yaml.safe_load(with_defaults)["services"]["thammuu"]
    return found


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


def run(service: dict[str, Any], arguments: list[str], data: Path) -> subprocess.CompletedProcess[str]:
    """Run arguments as the container would, the volume being a folder here."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    said = {name: value.replace("/data", str(data)) for name, value in service["environment"].items()}
    command = [sys.executable, "-m", *json.loads(instructions("ENTRYPOINT")[0]), *arguments]
    return subprocess.run(command, env=kept | said, cwd=data.parent, capture_output=True, text=True, check=False)


def test_the_file_follows_the_compose_specification() -> None:
    checked = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE)]
    done = subprocess.run(checked, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_command_makes_a_new_volume_ready_and_the_health_check_finds_it_well(
    service: dict[str, Any], tmp_path: Path
) -> None:
    assert run(service, service["command"], tmp_path / "data").returncode == 0
    assert (tmp_path / "data" / "ledger.sqlite3").is_file()
    _cmd, program, *arguments = service["healthcheck"]["test"]
    assert json.loads(instructions("ENTRYPOINT")[0]) == [program]
    assert run(service, arguments, tmp_path / "data").returncode == 0


def test_the_health_check_fails_once_a_stored_file_is_gone(service: dict[str, Any], tmp_path: Path) -> None:
    scores = service["volumes"][1].split(":")[0]
    published = ["publish", str(CHECKOUT / scores / "papi" / "papi-2022.csv"), "--index", "papi"]
    published += ["--period", "2022", "--history"]
    assert run(service, published, tmp_path / "data").returncode == 0
    largest = max((tmp_path / "data" / "blobs").glob("??/*"), key=lambda file: file.stat().st_size)
    largest.unlink()
    assert run(service, service["healthcheck"]["test"][2:], tmp_path / "data").returncode == 1


def test_a_container_can_write_to_its_volume_and_to_tmp_only(service: dict[str, Any]) -> None:
    assert service["read_only"] is True
    assert [mount.split(":")[0] for mount in service["tmpfs"]] == ["/tmp"]  # noqa: S108  a mount point
    writable = [volume for volume in service["volumes"] if not volume.endswith(":ro")]
    assert writable == ["data:" + service["environment"]["THAMMUU_DATA"]]
    assert instructions("VOLUME") == [service["environment"]["THAMMUU_DATA"]]


def test_a_container_runs_without_rights_network_or_unlimited_resources(service: dict[str, Any]) -> None:
    assert service["user"] == instructions("USER")[-1] == "10001:10001"
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["network_mode"] == "none"
    assert {"cpus", "memory", "pids"} <= set(service["deploy"]["resources"]["limits"])


def test_the_image_is_built_from_what_the_build_context_holds() -> None:
    ignored = (CHECKOUT / ".dockerignore").read_text("utf-8").splitlines()
    kept = {line.removeprefix("!") for line in ignored if line.startswith("!")}
    copied = [word for line in instructions("COPY") if "--from" not in line for word in shlex.split(line)[:-1]]
    assert kept == set(copied)
    assert all((CHECKOUT / name).exists() for name in kept)


def test_the_image_takes_the_locked_versions_and_no_dependency_group() -> None:
    syncs = [line for line in instructions("RUN") if "uv sync" in line]
    assert syncs
    assert all("--locked" in line and "--no-default-groups" in line and "--group" not in line for line in syncs)
