"""Who is told of what: a tree of routes, read from ``rules/delivery/routes.yaml``.

The tree works as that of Prometheus Alertmanager (https://prometheus.io/docs/alerting/latest/configuration/#route): a
memo enters at the root; at each route the first child that matches takes it, and with ``continue`` the next matching
ones as well; where no child matches, the route itself speaks. What a route leaves out it has from the one above.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field

from thammuu.delivery.durations import Duration
from thammuu.delivery.vocabulary import ChannelName, Role, Severity
from thammuu.i18n import _
from thammuu.rulepack.yaml_positions import nearest, read_yaml, refuse, validate

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.errors import Problem
    from thammuu.rulepack.pack import RulePack
    from thammuu.rulepack.yaml_positions import Document, Steps

FILE = "routes.yaml"
MAX_REPEATS = 20


def _several(value: Any) -> Any:  # noqa: ANN401  pydantic hands over raw input
    return [value] if isinstance(value, str) else value


Names = Annotated[tuple[str, ...], BeforeValidator(_several)]


class Match(BaseModel):
    """What a memo must be; what is left out does not matter, of a list one is enough.

    Args:
        index: It answers a publication of one of these indices.
        unit: It is to one of these units, by id.
        level: To units of these levels, such as ``province``.
        severity: Its worst finding.
        issuer: Who wrote it.
        correction: Whether it replaces an issued memo.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    index: Names | None = None
    unit: Names | None = None
    level: Names | None = None
    severity: Annotated[tuple[Severity, ...], BeforeValidator(_several)] | None = None
    issuer: Names | None = None
    correction: bool | None = None


class To(BaseModel):
    """A role and the channels it is told by; a recipient gets it by those of them that it has."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    channels: tuple[ChannelName, ...]


class RouteNode(BaseModel):
    """One route of the tree.

    Args:
        match: Which memos take it; the root takes all.
        to: Who is told; an empty list tells nobody.
        group_window: How long a message waits for others to the same recipient.
        repeat_every: After how long the same memo is sent again to who has not answered; 0 is never.
        repeats: At most how often.
        critical_passes: Whether critical memos are sent in quiet hours and on days off too.
        go_on: Written ``continue``: whether the next matching route is taken as well.
        routes: Finer routes, tried in order.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    match: Match = Match()
    to: tuple[To, ...] | None = None
    group_window: Duration | None = None
    repeat_every: Duration | None = None
    repeats: Annotated[int, Field(ge=0, le=MAX_REPEATS)] | None = None
    critical_passes: bool | None = None
    go_on: bool = Field(default=False, alias="continue")
    routes: tuple[RouteNode, ...] = ()


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    route: RouteNode


@dataclass(frozen=True, slots=True)
class Occasion:
    """What routes ask of a memo.

    Args:
        indices: The indices that it answers.
        unit_id: To whom it is.
        level: Of which level that unit is.
        severity: Its worst finding.
        issuer: Who wrote it.
        correction: Whether it replaces an issued one.
    """

    indices: frozenset[str]
    unit_id: str
    level: str
    severity: Severity
    issuer: str
    correction: bool = False


@dataclass(frozen=True, slots=True)
class Target:
    """A role to be told, and how.

    Args:
        role: The role.
        channels: By which channels.
        group_window_s: How long the message waits for others, in seconds.
        repeat_every_s: After how long it is sent again, in seconds; 0 is never.
        repeats: At most how often.
        passes: Whether quiet hours and days off do not hold it up.
        branch: Which route said so, such as ``route.routes[0]``, with its line.
    """

    role: Role
    channels: tuple[ChannelName, ...]
    group_window_s: int
    repeat_every_s: int
    repeats: int
    passes: bool
    branch: str


@dataclass(frozen=True, slots=True)
class _Inherited:
    to: tuple[To, ...] = ()
    group_window: int = 0
    repeat_every: int = 0
    repeats: int = 0
    critical_passes: bool = False

    def below(self, node: RouteNode) -> _Inherited:
        names = ("to", "group_window", "repeat_every", "repeats", "critical_passes")
        own = ((name, getattr(node, name)) for name in names)
        return _Inherited(**{name: getattr(self, name) if value is None else value for name, value in own})


class Routes:
    """The tree.

    Args:
        document: The file.
        root: What it says.
    """

    def __init__(self, document: Document, root: RouteNode) -> None:
        self._document = document
        self._root = root

    @classmethod
    def load(cls, pack: RulePack) -> Routes:
        """Read the routes of a rules folder.

        Raises:
            BadInputError: With all problems, each with line and column.
        """
        document = read_yaml(pack.folder / "delivery" / FILE)
        file, problems = validate(document, _File)
        if file is not None:
            problems += _Known(pack).problems(document, file.route)
        refuse(problems, lambda: _("{file} does not say who is told.").format(file=FILE))
        assert file is not None
        return cls(document, file.route)

    @property
    def count(self) -> int:
        """How many routes the tree has, the first one included."""
        return _count(self._root)

    def targets(self, occasion: Occasion) -> tuple[Target, ...]:
        """Return who is told of a memo, in the order of the file; nobody where a route says so."""
        return tuple(self._targets(self._root, ("route",), _Inherited(), occasion))

    def _targets(self, node: RouteNode, way: Steps, above: _Inherited, occasion: Occasion) -> Iterator[Target]:
        values, taken = above.below(node), False
        for place, child in enumerate(node.routes):
            if not _matches(child.match, occasion):
                continue
            taken = True
            yield from self._targets(child, (*way, "routes", place), values, occasion)
            if not child.go_on:
                break
        if not taken:
            yield from self._own(way, values, occasion)

    def _own(self, way: Steps, values: _Inherited, occasion: Occasion) -> Iterator[Target]:
        branch = f"{_written(way)} ({FILE}:{self._document.place(way).line})"
        for one in values.to:
            yield Target(
                role=one.role,
                channels=one.channels,
                group_window_s=values.group_window,
                repeat_every_s=values.repeat_every if values.repeats else 0,
                repeats=values.repeats if values.repeat_every else 0,
                passes=values.critical_passes and occasion.severity == "critical",
                branch=branch,
            )


def _count(node: RouteNode) -> int:
    return 1 + sum(_count(child) for child in node.routes)


def _matches(match: Match, occasion: Occasion) -> bool:
    asked = (
        (match.unit, occasion.unit_id),
        (match.level, occasion.level),
        (match.severity, occasion.severity),
        (match.issuer, occasion.issuer),
    )
    return (
        (match.index is None or not occasion.indices.isdisjoint(match.index))
        and all(choices is None or value in choices for choices, value in asked)
        and match.correction in (None, occasion.correction)
    )


def _written(way: Steps) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in way).removeprefix(".")


class _Known:
    """What the rules folder knows by name, to check routes against."""

    def __init__(self, pack: RulePack) -> None:
        self._names = {
            "index": {framework.index for framework in pack.frameworks.frameworks},
            "unit": {unit.id for unit in pack.units.units},
            "level": {unit.level for unit in pack.units.units},
            "issuer": {path.stem for path in (pack.folder / "issuers").glob("*.yaml")},
        }

    def problems(self, document: Document, node: RouteNode, way: Steps = ("route",)) -> list[Problem]:
        found = [
            *self._unknown(document, node, way),
            *_senseless(document, node, way),
            *_without_effect(document, node, way),
        ]
        for place, child in enumerate(node.routes):
            found += self.problems(document, child, (*way, "routes", place))
        return found

    def _unknown(self, document: Document, node: RouteNode, way: Steps) -> Iterator[Problem]:
        for key, known in self._names.items():
            for place, value in enumerate(getattr(node.match, key) or ()):
                if value not in known:
                    close = ", ".join(nearest(value, sorted(known))) or _("none")
                    expected = _("a known name; nearest: {near}").format(near=close)
                    yield document.problem(f"route-{key}", expected, (*way, "match", key, place), value=value)


def _senseless(document: Document, node: RouteNode, way: Steps) -> Iterator[Problem]:
    if len(way) == 1 and (node.match != Match() or node.go_on):
        yield document.problem("route-root", _("a first route that takes every memo, without match or continue"), way)
    if len(way) == 1 and node.to is None:
        yield document.problem("route-to", _("the key {key}").format(key="to"), way)
    if (node.repeat_every is None) != (node.repeats is None):
        yield document.problem("route-repeat", _("both repeat_every and repeats, or neither"), way)
    roles = [one.role for one in node.to or ()]
    for place, role in enumerate(roles):
        if role in roles[:place]:
            yield document.problem("route-role", _("each role once"), (*way, "to", place, "role"), value=role)


def _without_effect(document: Document, node: RouteNode, way: Steps) -> Iterator[Problem]:
    for key in Match.model_fields:
        if getattr(node.match, key) == ():
            expected = _("at least one value; an empty list matches nothing")
            yield document.problem("route-match", expected, (*way, "match", key))
    for place, child in enumerate(node.routes[:-1]):
        if child.match == Match() and not child.go_on:
            expected = _("a match, or continue: true; the routes after one that takes every memo are never tried")
            yield document.problem("route-unreachable", expected, (*way, "routes", place))
    for place, one in enumerate(node.to or ()):
        if not one.channels or len(set(one.channels)) < len(one.channels):
            expected = _("at least one channel, and each once")
            yield document.problem("route-channel", expected, (*way, "to", place, "channels"))
