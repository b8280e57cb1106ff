"""The words of recipients and routes: roles, channels, and how grave a memo is."""

from __future__ import annotations

from typing import Final, Literal

Role = Literal["steering-committee", "secretariat", "lead-agency", "operator"]
ROLES: Final[tuple[Role, ...]] = ("steering-committee", "secretariat", "lead-agency", "operator")
"""Who reads memos of a unit; the operator is told of incidents and gets no memo unless a route says so."""

ChannelName = Literal["email", "chat", "webhook", "file"]
CHANNELS: Final[tuple[ChannelName, ...]] = ("email", "chat", "webhook", "file")
ADDRESSED_AS: Final[dict[str, str]] = {"file": "email"}
"""Channels that write to the address of another one: a file is the mail that would have been sent."""

Severity = Literal["critical", "major", "minor", "information"]
SEVERITIES: Final[tuple[Severity, ...]] = ("critical", "major", "minor", "information")
"""From the gravest; a memo has that of its worst finding, an all-clear ``information``."""

ALL_UNITS: Final = "*"
"""The unit of a recipient who is told of every unit."""
