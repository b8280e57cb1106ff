"""A rule pack: one folder of frameworks, units, rules and actions, known by the hash of its files."""

from __future__ import annotations

import json
import re
from functools import cached_property
from typing import TYPE_CHECKING

from thammuu.canonical import canonical_json, sha256_hex
from thammuu.errors import BadInputError
from thammuu.i18n import _

SENDING = "delivery"
"""Folder of routes and policy: who is told is decided when it is sent, and changes no finding."""
_NAME = re.compile(r"[a-z0-9][a-z0-9-]*")

if TYPE_CHECKING:
    from pathlib import Path

    from thammuu.analysis.rules import RuleSet
    from thammuu.rulepack.actions import ActionCatalogue
    from thammuu.rulepack.agencies import AgencyRegister
    from thammuu.rulepack.frameworks import FrameworkLibrary
    from thammuu.rulepack.issuers import Issuer
    from thammuu.rulepack.units import UnitRegistry


class RulePack:
    """The files of a rules folder, read when they are first asked for.

    Args:
        folder: The rules folder.

    Raises:
        BadInputError: From any property, with all problems of the files that it reads.
    """

    def __init__(self, folder: Path) -> None:
        if not (folder / "frameworks").is_dir():
            raise BadInputError(_("{folder} is no rules folder: it has no frameworks/.").format(folder=folder))
        self.folder = folder
        self._issuers: dict[str, Issuer] = {}

    @cached_property
    def archive(self) -> bytes:
        """All files that findings and memos follow from, as canonical JSON, path → text: what the hash covers."""
        sending = self.folder / SENDING
        paths = sorted(one for one in self.folder.rglob("*.yaml") if one.is_file() and sending not in one.parents)
        return canonical_json(
            {path.relative_to(self.folder).as_posix(): path.read_text(encoding="utf-8") for path in paths}
        )

    @cached_property
    def hash(self) -> str:
        """The SHA-256 of the archive."""
        return sha256_hex(self.archive)

    @cached_property
    def frameworks(self) -> FrameworkLibrary:
        """The index editions."""
        from thammuu.rulepack.frameworks import FrameworkLibrary

        return FrameworkLibrary.load(self.folder / "frameworks")

    @cached_property
    def units(self) -> UnitRegistry:
        """Who can be scored, when, under which name."""
        from thammuu.rulepack.units import UnitRegistry

        return UnitRegistry.load(self.folder / "units")

    @cached_property
    def rules(self) -> RuleSet:
        """The rules with their peer groups."""
        from thammuu.analysis.rules import load_rules

        return load_rules(self.folder)

    @cached_property
    def actions(self) -> ActionCatalogue:
        """The tasks that answer findings."""
        from thammuu.rulepack.actions import load_actions

        return load_actions(self.folder / "actions")

    @cached_property
    def agencies(self) -> AgencyRegister:
        """Which office holds which duty, when."""
        from thammuu.rulepack.agencies import load_agencies

        return load_agencies(self.folder / "agencies.yaml")

    def issuer(self, name: str) -> Issuer:
        """Return the issuing body of that file name.

        Raises:
            BadInputError: If there is no such file, or with all its problems.
        """
        if not _NAME.fullmatch(name):
            raise BadInputError(
                _("{name} is no issuer: use a file name of rules/issuers, such as bo-noi-vu.").format(name=repr(name))
            )
        from thammuu.rulepack.issuers import load_issuer

        if name not in self._issuers:
            self._issuers[name] = load_issuer(self.folder / "issuers" / f"{name}.yaml")
        return self._issuers[name]


def unpack(archive: bytes, folder: Path) -> RulePack:
    """Write an archived pack's files below a folder and return the pack."""
    for name, content in json.loads(archive).items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return RulePack(folder)
