"""Find the framework's node that a code, a name or both stand for."""

from __future__ import annotations

import re
from functools import cached_property
from typing import TYPE_CHECKING

from thammuu.intake.words import fold, role_of

if TYPE_CHECKING:
    from thammuu.rulepack.frameworks import Framework, Node

_CODE_THEN_NAME = re.compile(
    r"(?P<code>[0-9]+(?:\.[0-9]+)*)(?:[.):]?\s+|\s*[-–:.)]\s*)(?P<name>[^\s0-9.].*)", re.DOTALL
)
_LIKE_ENOUGH = 60.0
_LONGEST_NAME = 500
_LONGEST_CODE = 60


class CriterionFinder:
    """The nodes of one framework by code and by name.

    Args:
        framework: The edition.
    """

    def __init__(self, framework: Framework) -> None:
        self.framework = framework

    @cached_property
    def _by_name(self) -> dict[str, list[Node]]:
        named: dict[str, list[Node]] = {}
        for node in self.framework.nodes:
            for name in {fold(node.name.vi), fold(node.name.en or node.name.vi)}:
                named.setdefault(name, []).append(node)
        return named

    @cached_property
    def _titles(self) -> set[str]:
        """What the index itself is called: as a header it stands for the total."""
        title = self.framework.short_title
        names = (self.framework.index, title.vi, title.en or "")
        return {fold(name).replace("-", sign) for name in names if name for sign in "- "}

    def by_code(self, code: str) -> Node | None:
        """Return the node of a code; words for a total stand for the root."""
        bare = code.strip().rstrip(".")
        found = self.framework.get(bare)
        if found is None and (role_of(bare) == "total" or (len(bare) <= _LONGEST_CODE and fold(bare) in self._titles)):
            return self.framework.root
        return found

    def by_name(self, name: str, within: Node | None = None) -> Node | None:
        """Return the one node of a name, under ``within`` where several share it."""
        nodes = self._by_name.get(fold(name), [])
        if len(nodes) > 1 and within is not None:
            nodes = [node for node in nodes if node is within or self._is_under(node, within)] or nodes
        if len(nodes) > 1:
            leaves = [node for node in nodes if self.framework.is_leaf(node.code)]
            nodes = leaves if len(leaves) == 1 else nodes
        return nodes[0] if len(nodes) == 1 else None

    def _is_under(self, node: Node, above: Node) -> bool:
        here: Node | None = node
        while here is not None and here.parent is not None:
            if here.parent == above.code:
                return True
            here = self.framework.get(here.parent)
        return False

    def find(self, text: str, within: Node | None = None) -> Node | None:
        """Return the node of a header or cell that may be a code, a name, or a code and a name."""
        exact = self.by_code(text)
        if exact is not None or len(text) > _LONGEST_NAME:
            return exact
        code, name = split_code(text)
        if text.rstrip().endswith("(%)") and self.framework.root.scale_unit != "percent":
            return None  # a share of the maximum, not the points themselves
        return (self.by_code(code) if code else None) or self.by_name(name or text, within)

    def other_meaning(self, node: Node, name: str) -> Node | None:
        """Return the node that a name really names, if that is not the given one: a code of another edition."""
        meant = self._by_name.get(fold(name), [])
        return None if not meant or node in meant else meant[0]

    def unlike(self, node: Node, name: str) -> bool:
        """Tell whether a name is far from what the framework calls the node."""
        from rapidfuzz import fuzz

        names = (node.name.vi, node.name.en or "")
        return all(fuzz.WRatio(fold(name), fold(known)) < _LIKE_ENOUGH for known in names if known)

    def nearest(self, text: str) -> str:
        """Return the three nodes nearest to an unknown code or name, for a message."""
        from rapidfuzz import process

        labels = {f"{node.code} {node.name.vi}": fold(f"{node.code} {node.name.vi}") for node in self.framework.nodes}
        return "; ".join(label for _folded, _score, label in process.extract(fold(text[:200]), labels, limit=3))


def split_code(text: str) -> tuple[str | None, str | None]:
    """Split ``1.1 Tri thức công dân`` into code and name; a lone code or word is returned as the code."""
    found = _CODE_THEN_NAME.fullmatch(text.strip())
    return (found["code"], found["name"].strip()) if found else (text.strip(), None)
