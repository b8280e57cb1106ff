import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet

from servers.compose import Service, UnsetVariableError, services

CHECKOUT = Path(__file__).parents[2]
DISTRIBUTED, EMBEDDED = CHECKOUT / "compose.yaml", CHECKOUT / "compose.embedded.yaml"
DOCKERFILE = (CHECKOUT / "Dockerfile").read_text("utf-8")
SECRETS = {
    "THAMMUU_DATABASE_PASSWORD": "of the database",
    "THAMMUU_API_TOKEN": "of the interface",
    "THAMMUU_SECRET_KEY": "of addresses",
}
ADDRESSING = {"sender", "serve", "thammuu"}
EVERY = [(one.name, name) for one in (DISTRIBUTED, EMBEDDED) for name in services(one, SECRETS)]
STAYING = [name for name, one in services(DISTRIBUTED, SECRETS).items() if "healthcheck" in one.keys]


@pytest.fixture
def service() -> dict[str, Any]:
    return services(EMBEDDED, {})["thammuu"].keys


@pytest.fixture
def distributed() -> dict[str, Service]:
    return services(DISTRIBUTED, SECRETS)


def instructions(name: str) -> list[str]:
    return [line.removeprefix(f"{name} ") for line in DOCKERFILE.splitlines() if line.startswith(f"{name} ")]


def run(service: dict[str, Any], arguments: list[str], data: Path) -> subprocess.CompletedProcess[str]:
    """Run arguments as the container would, the volume being a folder here."""
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    said = {name: value.replace("/data", str(data)) for name, value in service["environment"].items()}
    command = [sys.executable, "-m", *json.loads(instructions("ENTRYPOINT")[0]), *arguments]
    return subprocess.run(command, env=kept | said, cwd=data.parent, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("file", [DISTRIBUTED, EMBEDDED], ids=lambda file: file.name)
def test_the_files_follow_the_compose_specification(file: Path) -> None:
    checked = [sys.executable, "-m", "check_jsonschema", "--builtin-schema", "vendor.compose-spec", str(file)]
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


def test_the_embedded_program_needs_no_network(service: dict[str, Any]) -> None:
    assert service["network_mode"] == "none"


@pytest.mark.parametrize(("file", "name"), EVERY)
def test_every_container_is_an_ordinary_user_without_rights_or_unlimited_resources(file: str, name: str) -> None:
    keys = services(CHECKOUT / file, SECRETS)[name].keys
    user = keys["user"].split(":")
    assert user[0] == user[1] != "0"
    assert keys["read_only"] is True
    assert keys["cap_drop"] == ["ALL"]
    assert keys["security_opt"] == ["no-new-privileges:true"]
    assert {"cpus", "memory", "pids"} <= set(keys["deploy"]["resources"]["limits"])


@pytest.mark.parametrize(("file", "name"), [(file, name) for file, name in EVERY if name not in {"kafka", "postgres"}])
def test_the_program_runs_as_the_images_user_and_writes_to_its_volume_and_to_tmp_only(file: str, name: str) -> None:
    keys = services(CHECKOUT / file, SECRETS)[name].keys
    assert keys["user"] == instructions("USER")[-1] == "10001:10001"
    assert [mount.split(":")[0] for mount in keys["tmpfs"]] == ["/tmp"]  # noqa: S108  a mount point
    (writable,) = [volume for volume in keys["volumes"] if not volume.endswith(":ro")]
    assert writable.partition(":")[2] == keys["environment"]["THAMMUU_DATA"]
    assert instructions("VOLUME") == [keys["environment"]["THAMMUU_DATA"]]


def test_every_image_of_others_is_pinned(distributed: dict[str, Service]) -> None:
    images = [one.keys["image"] for one in distributed.values() if "build" not in one.keys]
    assert [image for image in images if not re.search(r":\d+\.\d+(\.\d+)?$", image)] == []


@pytest.mark.parametrize("name", sorted(SECRETS))
def test_nothing_starts_before_passwords_are_chosen(name: str) -> None:
    with pytest.raises(UnsetVariableError, match=name):
        services(DISTRIBUTED, SECRETS | {name: ""})


def test_no_password_stands_in_the_file() -> None:
    lines = [line for line in DISTRIBUTED.read_text("utf-8").splitlines() if not line.lstrip().startswith("#")]
    secret = [line for line in lines if re.search(r"(PASSWORD|TOKEN|SECRET)\w*:", line)]
    required = [line for line in secret if ":?" in line]
    assert len(required) == 4
    # a mail server may do without
    assert [line.strip() for line in secret if line not in required] == [
        "THAMMUU_SMTP_PASSWORD: ${THAMMUU_SMTP_PASSWORD:-}"
    ]


def test_only_the_server_is_reached_from_outside_and_only_from_this_machine(distributed: dict[str, Service]) -> None:
    opened = {name: one.keys["ports"] for name, one in distributed.items() if "ports" in one.keys}
    assert opened == {"serve": ["127.0.0.1:8080:8080"]}
    assert {name for name, one in distributed.items() if one.keys["networks"] != ["inside"]} == {"serve", "sender"}


@pytest.mark.parametrize(
    ("secret", "known_to"),
    [
        ("THAMMUU_API_TOKEN", {"serve"}),
        ("THAMMUU_SECRET_KEY", ADDRESSING),
        ("THAMMUU_SMTP_PASSWORD", {"sender"}),
        ("THAMMUU_DATABASE_PASSWORD", set()),
    ],
)
def test_only_those_have_a_secret_who_need_it(distributed: dict[str, Service], secret: str, known_to: set[str]) -> None:
    assert {name for name, one in distributed.items() if secret in one.environment} == known_to


def test_the_key_of_the_file_s_first_lines_is_one_that_seals(tmp_path: Path) -> None:
    (line,) = re.findall(r'^#   (echo "THAMMUU_SECRET_KEY=.*)$', DISTRIBUTED.read_text("utf-8"), re.MULTILINE)
    subprocess.run(["bash", "-c", line], cwd=tmp_path, check=True)
    name, _is, key = (tmp_path / ".env").read_text("utf-8").strip().partition("=")
    assert name == "THAMMUU_SECRET_KEY"
    assert Fernet(key).decrypt(Fernet(key).encrypt(b"an address")) == b"an address"


def test_the_sender_has_the_same_data_and_issuer_as_the_workers_and_no_address_of_its_own(
    distributed: dict[str, Service],
) -> None:
    sender, worker = distributed["sender"], distributed["worker"]
    assert worker.environment.items() <= sender.environment.items()
    assert "ports" not in sender.keys
    assert sender.environment["THAMMUU_SMTP_HOST"] == ""


def test_the_workers_of_the_file_take_every_stage(distributed: dict[str, Service]) -> None:
    commands = [one.keys["command"] for one in distributed.values() if one.keys.get("command", [""])[0] == "worker"]
    stages = [stage for one in commands for stage in one[one.index("--stages") + 1].split(",")]
    asked = [sys.executable, "-m", "thammuu", "worker", "--stages", "no such stage"]
    refused = subprocess.run(asked, env=os.environ | {"COLUMNS": "400"}, capture_output=True, text=True, check=False)
    known = re.search(r"Known: ([\w, -]+)\.", refused.stderr)
    assert known is not None
    assert sorted(stages) == sorted(known[1].split(", "))


@pytest.mark.parametrize("name", STAYING)
def test_every_process_that_stays_is_started_again_and_has_time_to_stop(name: str) -> None:
    keys = services(DISTRIBUTED, SECRETS)[name].keys
    assert keys["restart"] == "unless-stopped"
    assert "stop_grace_period" in keys


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
