"""A compose file read as docker compose reads it, as far as ours goes: variables, merged keys, who waits for whom."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_VARIABLE = re.compile(r"\$\{(\w+):([-?])([^}]*)\}")
_SECONDS = {"s": 1.0, "m": 60.0}


class UnsetVariableError(ValueError):
    """A variable that the file asks for is not set."""


@dataclass(frozen=True)
class Service:
    """One service of a compose file, its variables filled in."""

    name: str
    keys: dict[str, Any]

    @property
    def environment(self) -> dict[str, str]:
        """The variables that its processes get."""
        return dict(self.keys.get("environment", {}))

    @property
    def replicas(self) -> int:
        """How many containers there are of it."""
        return int(self.keys.get("deploy", {}).get("replicas", 1))

    @property
    def health_command(self) -> list[str]:
        """The health check as a command."""
        how, *command = self.keys["healthcheck"]["test"]
        assert how == "CMD"
        return list(command)

    @property
    def healthy_within_s(self) -> float:
        """After which time a container that was never healthy is called unhealthy."""
        check = self.keys["healthcheck"]
        return seconds(check["start_period"]) + check["retries"] * seconds(check["interval"])

    @property
    def waits_for(self) -> dict[str, str]:
        """The services that come before it, and what they must have reached."""
        return {name: one["condition"] for name, one in self.keys.get("depends_on", {}).items()}


def seconds(duration: str) -> float:
    """Return a duration such as ``90s`` in seconds."""
    return float(duration[:-1]) * _SECONDS[duration[-1]]


def services(file: Path, variables: Mapping[str, str]) -> dict[str, Service]:
    """Return a file's services, those that others wait for first.

    Args:
        file: The compose file.
        variables: What the shell and ``.env`` hold.

    Raises:
        UnsetVariableError: If a variable without a default is not among them.
    """
    found = _filled(yaml.safe_load(file.read_text("utf-8"))["services"], variables)
    read = {name: Service(name, keys) for name, keys in found.items()}
    ordered: dict[str, Service] = {}

    def add(name: str) -> None:
        for earlier in read[name].waits_for:
            add(earlier)
        ordered.setdefault(name, read[name])

    for name in read:
        add(name)
    return ordered


def _filled(value: Any, variables: Mapping[str, str]) -> Any:  # noqa: ANN401  any YAML value
    if isinstance(value, dict):
        return {name: _filled(one, variables) for name, one in value.items()}
    if isinstance(value, list):
        return [_filled(one, variables) for one in value]
    return _VARIABLE.sub(lambda found: _chosen(found, variables), value) if isinstance(value, str) else value


def _chosen(found: re.Match[str], variables: Mapping[str, str]) -> str:
    name, kind, rest = found.groups()
    if variables.get(name):
        return variables[name]
    if kind == "?":
        raise UnsetVariableError(name)
    return str(rest)
