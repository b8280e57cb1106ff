"""From a framework file to a framework, with every problem of the file at once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.i18n import _
from thammuu.period import Period
from thammuu.rulepack.framework_draft import Draft
from thammuu.rulepack.framework_file import FrameworkFile
from thammuu.rulepack.yaml_positions import in_file_order, nearest, read_yaml, refuse, validate

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from thammuu.errors import Problem
    from thammuu.rulepack.framework_tree import Framework
    from thammuu.rulepack.yaml_positions import Document

_ROUNDING = 0.005
"""Printed scales are rounded to two decimals: three times 3.33 is 9.99 where the domain says 10."""


def load_framework(path: Path) -> Framework:
    """Read one framework file.

    Raises:
        BadInputError: With all problems of the file, each with line and column.
    """
    framework, problems = read_framework(read_yaml(path))
    refuse(problems, lambda: _("{file} is not a valid framework.").format(file=path.name))
    assert framework is not None
    return framework


def check_framework(path: Path) -> list[Problem]:
    """Return every problem of a framework file, warnings included; empty when all is well.

    Raises:
        BadInputError: If the file cannot be read at all.
    """
    return in_file_order(read_framework(read_yaml(path))[1])


def read_framework(document: Document) -> tuple[Framework | None, list[Problem]]:
    """Return the framework, None where errors forbid it, and the problems."""
    file, problems = validate(document, FrameworkFile)
    if file is None:
        return None, problems
    draft = Draft(document, file)
    problems += _head_problems(draft)
    problems += _identity_problems(draft)
    problems += _tree_problems(draft)
    problems += _value_problems(draft)
    if any(problem.severity == "error" for problem in problems):
        return None, problems
    framework = draft.build()
    problems += _sum_problems(draft, framework)
    return framework, problems


def _head_problems(draft: Draft) -> Iterator[Problem]:
    file, document = draft.file, draft.document
    periods = file.periods
    if periods.first and periods.to and Period(periods.to) < Period(periods.first):
        yield document.problem("period-order", _("a last period not before the first"), ("periods", "to"))
    known = [band.from_value for band in (file.bands.groups if file.bands else []) if band.from_value is not None]
    if known != sorted(set(known), reverse=True):
        yield document.problem("band-order", _("bands from the highest down"), ("bands", "groups"))
    for name, (low, high) in file.scales.items():
        if low >= high:
            yield document.problem("scale-order", _("a minimum below the maximum"), ("scales", name))


def _identity_problems(draft: Draft) -> Iterator[Problem]:
    codes: set[str] = set()
    concepts: set[str] = set()
    for i, entry in enumerate(draft.file.nodes):
        way = ("nodes", i)
        for code in (entry.code, *entry.code_aliases):
            if code in codes:
                yield draft.document.problem("duplicate-code", _("each code once"), (*way, "code"), value=code)
            codes.add(code)
        if entry.concept in concepts:
            expected = _("each concept once in an edition")
            yield draft.document.problem("duplicate-concept", expected, (*way, "concept"), value=entry.concept)
        concepts.add(entry.concept)
        if entry.succeeds and entry.concept in entry.succeeds.concepts:
            expected = _("another concept: nothing succeeds itself")
            yield draft.document.problem("succeeds-itself", expected, (*way, "succeeds"), value=entry.concept)


def _tree_problems(draft: Draft) -> Iterator[Problem]:
    document = draft.document
    roots = [i for i, entry in enumerate(draft.file.nodes) if entry.parent is None]
    if not roots:
        yield document.problem("no-root", _("one node without a parent: the total"), ("nodes",))
    for i in roots[:1]:
        level = draft.levels[draft.file.nodes[i].code]
        if level != "total":
            expected = _("the level total for the node without a parent; `levels` begins with it")
            yield document.problem("root-level", expected, ("nodes", i), value=level)
    for i in roots[1:]:
        code = draft.file.nodes[i].code
        yield document.problem("second-root", _("a parent; only the total has none"), ("nodes", i), value=code)
    for i, entry in enumerate(draft.file.nodes):
        if entry.parent is not None:
            yield from _parent_problems(draft, i, entry.code, entry.parent)
        level = draft.levels[entry.code]
        if level is None and entry.parent in draft.places:
            expected = _("a level: `levels` has none below the parent's")
            yield document.problem("no-level", expected, ("nodes", i), value=entry.code)
        elif level is not None and level not in draft.file.levels:
            yield document.problem("unknown-level", _("a level listed in `levels`"), ("nodes", i, "level"), value=level)


def _parent_problems(draft: Draft, i: int, code: str, parent: str) -> Iterator[Problem]:
    way = ("nodes", i, "parent")
    if parent not in draft.places:
        close = nearest(parent, draft.places, limit=1)
        more = _(": did you mean {nearest}?").format(nearest=close[0]) if close else ""
        yield draft.document.problem("unknown-parent", _("the code of a node") + more, way, value=parent)
        return
    passed = {code}
    here: str | None = parent
    while here is not None and here not in passed:
        passed.add(here)
        here = draft.parents.get(here)
    if here == code:
        expected = _("a parent that is not below the node itself")
        yield draft.document.problem("circle", expected, way, value=parent)


def _value_problems(draft: Draft) -> Iterator[Problem]:
    for i, entry in enumerate(draft.file.nodes):
        way = ("nodes", i)
        values = draft.values(entry)
        unknown = [one.scale for one in draft.holders(entry) if one.scale and one.scale not in draft.file.scales]
        if unknown:
            expected = _("a scale named in `scales`")
            yield draft.document.problem("unknown-scale", expected, (*way, "scale"), value=unknown[-1])
        low, high = values["min"], values["max"]
        if low is not None and high is not None and low >= high:
            expected, shown = _("a minimum below the maximum"), f"{low:g}, {high:g}"
            yield draft.document.problem("scale-order", expected, (*way, "max"), value=shown)
        if values["weight"] <= 0:
            expected, shown = _("a weight above zero"), str(values["weight"])
            yield draft.document.problem("weight", expected, (*way, "weight"), value=shown)


def _sum_problems(draft: Draft, framework: Framework) -> Iterator[Problem]:
    """Warn where the children's maxima do not add up to the parent's."""
    for node in framework.nodes:
        below = framework.children(node.code)
        maxima = [child.weight * child.max for child in below if child.max is not None]
        if node.aggregate != "sum" or node.max is None or not below or len(maxima) != len(below):
            continue
        total = sum(maxima)
        if abs(total - node.max) > _ROUNDING * len(below) + 1e-9:
            expected = _("children whose maxima add up to {max:g}; they add up to {sum:g}")
            sentence = expected.format(max=node.max, sum=round(total, 6))
            way = ("nodes", draft.places[node.code], "max")
            yield draft.document.problem("maxima-sum", sentence, way, value=node.code, severity="warning")
