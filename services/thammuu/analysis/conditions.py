"""Conditions of rules: SQL boolean expressions over facts, checked before anything evaluates them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from thammuu.analysis.condition_text import Fault, faults_in_text
from thammuu.canonical import FIGURE_DECIMALS
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    import polars as pl
    from sqlglot import exp

Kind = Literal["number", "text", "truth"]

MAX_NODES = 80
_LARGEST = "1e300"


@dataclass(frozen=True)
class Condition:
    """A checked condition.

    Args:
        text: As written.
        facts: The names it uses, each once, in order; ``region.peer_min`` is one name.
        sql: The expression that is evaluated: names quoted, divisions by zero and overflows null, results of arithmetic
            rounded as facts are.
        certain: The facts that cannot be null where it holds.
    """

    text: str
    facts: tuple[str, ...]
    sql: str
    certain: frozenset[str] = frozenset()

    def expression(self) -> pl.Expr:
        """Return the condition as a boolean expression over a frame of facts; null where it cannot be known."""
        import polars as pl

        return pl.sql_expr(self.sql)


class ConditionRefused(Exception):  # noqa: N818  it is an answer to the rule's author
    """A condition was refused.

    Args:
        text: The condition.
        faults: All that is wrong with it.
    """

    def __init__(self, text: str, faults: Collection[Fault]) -> None:
        self.text = text
        self.faults = tuple(faults)
        super().__init__(
            "; ".join("{}:{}: {}".format(*fault.line_and_column(text), fault.expected) for fault in faults)
        )


def check_condition(text: str, names: Mapping[str, Kind]) -> Condition:
    """Check a condition and prepare it for evaluation.

    Args:
        text: A SQL boolean expression of at most 500 characters and 80 nodes.
        names: The facts it may use, with their kinds.

    Raises:
        ConditionRefused: With every fault and its position.
    """
    faults = faults_in_text(text)
    if not faults:
        tree = _parsed(text, faults)
        if tree is not None:
            checker = _Checker(names, text)
            sql, kind = checker.visit(tree)
            faults = checker.faults
            if not faults and kind != "truth":
                faults = [Fault("condition-not-boolean", _("a condition that is true or false"), 0, text)]
            if not faults and not checker.used:
                faults = [Fault("condition-constant", _("a condition that uses at least one fact"), 0, text)]
            if not faults:
                return Condition(text, tuple(checker.used), sql, certain_facts(tree))
    raise ConditionRefused(text, faults)


def _parsed(text: str, faults: list[Fault]) -> exp.Expr | None:
    import sqlglot
    from sqlglot.errors import ParseError

    try:
        trees = sqlglot.parse(text)
    except ParseError as error:
        detail = error.errors[0] if error.errors else {}
        offset = _offset(text, int(detail.get("line") or 1), int(detail.get("col") or 1))
        offset -= max(len(str(detail.get("highlight") or " ")) - 1, 0)
        faults.append(Fault("condition-syntax", _("a condition that can be read"), max(offset, 0)))
        return None
    except RecursionError:
        faults.append(Fault("condition-depth", _("fewer brackets and signs inside one another"), 0))
        return None
    tree = trees[0] if len(trees) == 1 else None
    if tree is None:
        faults.append(Fault("condition-syntax", _("one condition"), 0, text))
    elif sum(1 for _node in tree.walk()) > MAX_NODES:
        expected = _("a condition of at most {n} parts; split it into several rules").format(n=MAX_NODES)
        faults.append(Fault("condition-size", expected, 0))
        return None
    return tree


def _offset(text: str, line: int, column: int) -> int:
    lines = text.split("\n")
    return min(sum(len(one) + 1 for one in lines[: line - 1]) + column - 1, max(len(text) - 1, 0))


_COMPARISONS = {"EQ": "=", "NEQ": "<>", "LT": "<", "LTE": "<=", "GT": ">", "GTE": ">="}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/", "Mod": "%"}
_EXPLOSIVE = frozenset({"Mul", "Div", "Mod"})


def certain_facts(node: exp.Expr, *, truth: bool = True) -> frozenset[str]:
    """Return the facts that are not null where a condition came out true or false; NULL is neither."""
    kind = type(node).__name__
    if kind == "Paren":
        return certain_facts(node.this, truth=truth)
    if kind == "Not":
        return certain_facts(node.this, truth=not truth)
    if kind in ("And", "Or"):
        left, right = (certain_facts(part, truth=truth) for part in (node.this, node.expression))
        return left | right if truth == (kind == "And") else left & right
    if kind == "Is":
        return frozenset() if truth else _needed(node.this)
    if kind == "Between":
        return _needed(node.this).union(*(_needed(node.args[end]) for end in ("low", "high") if truth))
    return _needed(node.this) if kind == "In" else _needed(node) if kind in _COMPARISONS else frozenset()


def _needed(node: exp.Expr) -> frozenset[str]:
    """Return the facts without which an expression is null."""
    kind = type(node).__name__
    if kind == "Column":
        return frozenset({_full_name(node)})
    if kind == "Coalesce":
        return frozenset()
    return frozenset().union(*(_needed(part) for part in node.iter_expressions()))


@dataclass
class _Checker:
    """Walks a parsed condition and writes the checked one; what it does not know, it refuses."""

    names: Mapping[str, Kind]
    text: str
    faults: list[Fault] = field(default_factory=list)
    used: dict[str, None] = field(default_factory=dict)

    def visit(self, node: exp.Expr) -> tuple[str, Kind | None]:
        """Return the SQL of a node and its kind, None where a fault was found."""
        name = type(node).__name__
        if name in ("And", "Or"):
            parts = [self.expect(part, "truth") for part in (node.this, node.expression)]
            return f"({f' {name.upper()} '.join(parts)})", "truth"
        if name in _COMPARISONS:
            return self.comparison(node, _COMPARISONS[name])
        if name in _ARITHMETIC:
            return self.arithmetic(node, name)
        known = {
            "Not": self.negation,
            "Paren": lambda paren: self.visit(paren.this),
            "Is": self.is_null,
            "Between": self.between,
            "In": self.membership,
            "Neg": lambda negative: (f"(-{self.expect(negative.this, 'number')})", "number"),
            "Abs": lambda absolute: (f"ABS({self.expect(absolute.this, 'number')})", "number"),
            "Coalesce": self.coalesce,
            "Column": self.fact,
            "Literal": self.literal,
        }
        if name not in known:
            return self.refuse(node, "condition-part", _("a part the rule language knows"), name)
        return known[name](node)

    def refuse(self, node: exp.Expr, code: str, expected: str, value: str | None = None) -> tuple[str, None]:
        """Note a fault at a node."""
        starts = [one.meta["start"] for one in node.walk() if "start" in one.meta]
        self.faults.append(Fault(code, expected, min(starts, default=0), value))
        return "", None

    def expect(self, node: exp.Expr, kind: Kind) -> str:
        """Return the SQL of a part that must be of a kind."""
        sql, found = self.visit(node)
        if found is not None and found != kind:
            wanted = {"number": _("a number"), "text": _("a text"), "truth": _("something true or false")}[kind]
            self.refuse(node, "condition-type", wanted, node.sql())
        return sql

    def negation(self, node: exp.Expr) -> tuple[str, Kind | None]:
        return f"(NOT {self.expect(node.this, 'truth')})", "truth"

    def comparison(self, node: exp.Expr, sign: str) -> tuple[str, Kind | None]:
        kind = self.operand_kind(node.this)
        if kind == "text" and sign not in ("=", "<>"):
            return self.refuse(node, "condition-type", _("= or <> between texts"), node.sql())
        return f"({self.finite(node.this, kind)} {sign} {self.finite(node.expression, kind)})", "truth"

    def operand_kind(self, node: exp.Expr) -> Kind:
        """Return what a comparison is about: texts if its left side is one, else numbers."""
        while type(node).__name__ in ("Paren", "Coalesce"):
            node = node.this
        if type(node).__name__ == "Column":
            return self.names.get(_full_name(node), "number")
        return "text" if type(node).__name__ == "Literal" and node.is_string else "number"

    def finite(self, node: exp.Expr, kind: Kind) -> str:
        """Return the SQL of an operand, null where a product or quotient leaves the range of numbers."""
        sql = self.expect(node, kind)
        parts = {type(part).__name__ for part in node.walk()}
        if not parts.isdisjoint(_ARITHMETIC) and not parts <= {"Literal", *_ARITHMETIC}:
            sql = f"ROUND({sql}, {FIGURE_DECIMALS})"
        if not parts.isdisjoint(_EXPLOSIVE):
            return f"(CASE WHEN {sql} BETWEEN -{_LARGEST} AND {_LARGEST} THEN {sql} END)"
        return sql

    def arithmetic(self, node: exp.Expr, name: str) -> tuple[str, Kind | None]:
        left, right = (self.expect(part, "number") for part in (node.this, node.expression))
        if name in ("Div", "Mod"):
            right = f"NULLIF({right}, 0)"
        return f"({left} {_ARITHMETIC[name]} {right})", "number"

    def is_null(self, node: exp.Expr) -> tuple[str, Kind | None]:
        if type(node.expression).__name__ != "Null":
            return self.refuse(node, "condition-part", _("NULL after IS"), node.sql())
        sql, kind = self.visit(node.this)
        return (f"({sql} IS NULL)", "truth") if kind else ("", None)

    def between(self, node: exp.Expr) -> tuple[str, Kind | None]:
        if node.args.get("symmetric"):
            return self.refuse(node, "condition-part", _("BETWEEN lower AND upper"), node.sql())
        parts = (node.this, node.args["low"], node.args["high"])
        value, low, high = (self.finite(part, "number") for part in parts)
        return f"({value} BETWEEN {low} AND {high})", "truth"

    def membership(self, node: exp.Expr) -> tuple[str, Kind | None]:
        choices = node.args.get("expressions") or []
        if not choices or any(node.args.get(other) for other in ("query", "unnest", "field")):
            return self.refuse(node, "condition-part", _("a list of values after IN"), node.sql())
        kind = self.operand_kind(node.this)
        value = self.finite(node.this, kind)
        return "(" + " OR ".join(f"{value} = {self.finite(choice, kind)}" for choice in choices) + ")", "truth"

    def coalesce(self, node: exp.Expr) -> tuple[str, Kind | None]:
        kind = self.operand_kind(node.this)
        parts = [self.expect(part, kind) for part in (node.this, *node.expressions)]
        return f"COALESCE({', '.join(parts)})", kind

    def literal(self, node: exp.Expr) -> tuple[str, Kind | None]:
        if not node.is_string:
            return str(node.this), "number"
        escaped = str(node.this).replace("'", "''")
        return f"'{escaped}'", "text"

    def fact(self, node: exp.Expr) -> tuple[str, Kind | None]:
        name = _full_name(node)
        if name not in self.names:
            from thammuu.rulepack.yaml_positions import nearest

            close = nearest(name, self.names, limit=1)
            expected = _("a fact; did you mean {name}?").format(name=close[0]) if close else _("a fact")
            return self.refuse(node, "condition-fact", expected, name)
        self.used[name] = None
        return f'"{name}"', self.names[name]


def _full_name(column: exp.Expr) -> str:
    return ".".join(part.name for part in column.parts)  # type: ignore[attr-defined]  # a Column has parts
