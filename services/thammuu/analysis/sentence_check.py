"""Checking a sentence template before it is used: whatever facts come, it can be written.

Every expression has a kind and may be null or not; ``is not none`` and the like narrow what follows. What a rule's
condition proves is taken as known. So a sentence that passes never fails on a publication.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from jinja2 import nodes

    from thammuu.analysis.conditions import Kind

MAX_DEPTH = 30
MOST_DECIMALS = 6
TESTS = frozenset({"none", "defined", "number", "string"})
"""What a sentence may ask after ``is``."""

_OF_NUMBERS = frozenset({"number", "count", "percent", "amount", "of_max", "abs"})
_WITH_DECIMALS = frozenset({"number", "percent"})
_WITH_OTHER = frozenset({"amount", "of_max"})
_PERIODS = frozenset({"period", "previous_period"})


class TooDeepError(ValueError):
    """A template nests deeper than can be compiled."""


class Value(NamedTuple):
    """What is known of an expression before it is written."""

    kind: Kind | Literal["null"]
    nullable: bool = False


@dataclass
class SentenceCheck:
    """Walks a parsed template.

    Args:
        kinds: The names it may use, with their kinds.
        nullable: Those that may be null where nothing else is known.
    """

    kinds: Mapping[str, Kind]
    nullable: frozenset[str]
    faults: list[str] = field(default_factory=list)

    def template(self, tree: nodes.Template, known: frozenset[str]) -> list[str]:
        """Return what is wrong with a template, given the names that are not null."""
        self._body(tree.body, known)
        return list(dict.fromkeys(self.faults))

    def _body(self, body: list[nodes.Node], known: frozenset[str]) -> None:
        for node in body:
            if type(node).__name__ == "If":
                self._branches(node, known)  # type: ignore[arg-type]  # told by its name
            else:
                for part in node.iter_child_nodes():
                    self.value(part, known)

    def _branches(self, node: nodes.If, known: frozenset[str]) -> None:
        for branch in (node, *node.elif_):
            self.value(branch.test, known)
            self._body(branch.body, known | _proven(branch.test, truth=True))
            known |= _proven(branch.test, truth=False)
        self._body(node.else_, known)

    def _fault(self, text: str) -> Value:
        self.faults.append(text)
        return Value("number")

    def value(self, node: nodes.Node, known: frozenset[str]) -> Value:
        """Return what an expression gives; what could fail is noted."""
        way: dict[str, Callable[..., Value]] = {
            "TemplateData": lambda data, _known: self._text(data.data),
            "Const": self._const,
            "Name": self._name,
            "Filter": self._filter,
            "Test": self._test,
            "Compare": self._compare,
            "Not": self._not,
            "And": self._both,
            "Or": self._both,
            "Neg": self._neg,
            "Add": self._sum,
            "Sub": self._sum,
            "CondExpr": self._choice,
        }
        name = type(node).__name__
        return way[name](node, known) if name in way else self._fault(_("facts, filters, if and comparison only"))

    def _const(self, node: nodes.Const, _known: frozenset[str]) -> Value:
        if node.value is None:
            return Value("null", nullable=True)
        if isinstance(node.value, bool):
            return Value("truth")
        if isinstance(node.value, str):
            return self._text(node.value)
        if not isinstance(node.value, int | float) or abs(node.value) > 1e15:  # noqa: PLR2004  as in conditions
            return self._fault(_("a number of at most 15 digits"))
        return Value("number")

    def _text(self, text: str) -> Value:
        if any(unicodedata.category(character) in {"Cc", "Cs"} and not character.isspace() for character in text):
            self._fault(_("text without control characters"))
        return Value("text")

    def _name(self, node: nodes.Name, known: frozenset[str]) -> Value:
        kind = self.kinds.get(node.name)
        if kind is None or node.ctx != "load":
            return self._fault(_("a fact"))
        return Value(kind, nullable=node.name in self.nullable - known)

    def _number(self, node: nodes.Node, known: frozenset[str], what: str, *, null: bool = False) -> Value:
        found = self.value(node, known)
        if found.kind not in ({"number", "null"} if null else {"number"}):
            return self._fault(_("a number for {what}").format(what=what))
        if found.nullable and not null:
            self._fault(_nullable(node, what))
        return found

    def _filter(self, node: nodes.Filter, known: frozenset[str]) -> Value:
        name, given = node.name, node.node
        if given is None or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return self._fault(_("a filter with plain arguments"))
        self._arguments(node, known)
        if name in _OF_NUMBERS:
            self._number(given, known, name, null=name != "abs")
            return Value("number" if name == "abs" else "text")
        if name == "period":
            if getattr(given, "name", None) not in _PERIODS or type(given).__name__ != "Name":
                self._fault(
                    _("one of the facts {names} for {what}").format(names=", ".join(sorted(_PERIODS)), what=name)
                )
            return Value("text")
        found = self.value(given, known)
        if found.kind != "text" or found.nullable:
            self._fault(_("a text that is never null for {what}").format(what=name))
        return Value("text")

    def _arguments(self, node: nodes.Filter, known: frozenset[str]) -> None:
        most = 1 if node.name in _WITH_DECIMALS | _WITH_OTHER else 0
        if len(node.args) > most:
            self._fault(_("at most {n} arguments for {what}").format(n=most, what=node.name))
        for argument in node.args:
            decimals = getattr(argument, "value", None)
            if node.name in _WITH_OTHER:
                self._number(argument, known, node.name, null=True)
            elif type(decimals) is not int or not 0 <= decimals <= MOST_DECIMALS:
                self._fault(_("a count of decimals from 0 to {n} for {what}").format(n=MOST_DECIMALS, what=node.name))

    def _test(self, node: nodes.Test, known: frozenset[str]) -> Value:
        if node.name not in TESTS or node.args or node.kwargs or node.dyn_args or node.dyn_kwargs:
            return self._fault(_("one of the tests {names} after `is`").format(names=", ".join(sorted(TESTS))))
        self.value(node.node, known)
        return Value("truth")

    def _compare(self, node: nodes.Compare, known: frozenset[str]) -> Value:
        left = node.expr
        for operand in node.ops:
            if operand.op in {"eq", "ne"}:
                self.value(left, known)
                self.value(operand.expr, known)
            elif operand.op in {"lt", "lteq", "gt", "gteq"}:
                self._number(left, known, _("comparison"))
                self._number(operand.expr, known, _("comparison"))
            else:
                self._fault(_("==, !=, <, <=, > or >="))
            left = operand.expr
        return Value("truth")

    def _not(self, node: nodes.Not, known: frozenset[str]) -> Value:
        self.value(node.node, known)
        return Value("truth")

    def _both(self, node: nodes.And | nodes.Or, known: frozenset[str]) -> Value:
        left = self.value(node.left, known)
        right = self.value(node.right, known | _proven(node.left, truth=type(node).__name__ == "And"))
        return _either(left, right)

    def _neg(self, node: nodes.Neg, known: frozenset[str]) -> Value:
        return self._number(node.node, known, "-")

    def _sum(self, node: nodes.Add | nodes.Sub, known: frozenset[str]) -> Value:
        sign = "+" if type(node).__name__ == "Add" else "-"
        self._number(node.left, known, sign)
        self._number(node.right, known, sign)
        return Value("number")

    def _choice(self, node: nodes.CondExpr, known: frozenset[str]) -> Value:
        self.value(node.test, known)
        first = self.value(node.expr1, known | _proven(node.test, truth=True))
        if node.expr2 is None:
            return Value("text", nullable=True)
        return _either(first, self.value(node.expr2, known | _proven(node.test, truth=False)))


def _either(one: Value, other: Value) -> Value:
    if "null" in (one.kind, other.kind):
        return Value(other.kind if one.kind == "null" else one.kind, nullable=True)
    return Value(one.kind if one.kind == other.kind else "truth", nullable=one.nullable or other.nullable)


def _nullable(node: nodes.Node, what: str) -> str:
    name = getattr(node, "name", "")
    return _("{name} may be null here; ask `is not none` before {what}").format(name=name, what=what)


def _proven(node: nodes.Node, *, truth: bool) -> frozenset[str]:
    """Return the names that are not null where an expression came out true or false."""
    kind = type(node).__name__
    if kind == "Not":
        return _proven(node.node, truth=not truth)  # type: ignore[attr-defined]  # told by its name
    if kind in {"And", "Or"}:
        left, right = (_proven(part, truth=truth) for part in (node.left, node.right))  # type: ignore[attr-defined]
        return left | right if truth == (kind == "And") else left & right
    if kind == "Name":
        return frozenset({node.name}) if truth else frozenset()  # type: ignore[attr-defined]
    if kind == "Test" and type(node.node).__name__ == "Name":  # type: ignore[attr-defined]
        proves = {"none": False, "number": True, "string": True}.get(node.name)  # type: ignore[attr-defined]
        return frozenset({node.node.name}) if proves == truth else frozenset()  # type: ignore[attr-defined]
    if kind == "Compare" and len(node.ops) == 1:  # type: ignore[attr-defined]
        return _compared(node, truth=truth)  # type: ignore[arg-type]
    return frozenset()


def _compared(node: nodes.Compare, *, truth: bool) -> frozenset[str]:
    (operand,) = node.ops
    sides = {type(side).__name__: side for side in (node.expr, operand.expr)}
    if set(sides) != {"Name", "Const"} or operand.op not in {"eq", "ne"}:
        return frozenset()
    null = sides["Const"].value is None  # type: ignore[attr-defined]  # told by its name
    not_null = null != (operand.op == "eq")
    return frozenset({sides["Name"].name}) if truth == not_null else frozenset()  # type: ignore[attr-defined]


def nodes_of(tree: nodes.Node) -> Iterator[nodes.Node]:
    """Yield every node of a template without descending by calls.

    Raises:
        TooDeepError: Where the nodes nest too deep to be compiled.
    """
    waiting = [(tree, 0)]
    while waiting:
        node, depth = waiting.pop()
        if depth > MAX_DEPTH:
            raise TooDeepError(_("fewer brackets and signs inside one another"))
        yield node
        waiting.extend((child, depth + 1) for child in node.iter_child_nodes())
