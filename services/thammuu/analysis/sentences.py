"""Sentences of rules: Jinja templates over facts, with numbers as Vietnamese and English write them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import TYPE_CHECKING, Any

from thammuu.analysis.fact_catalogue import known_with
from thammuu.analysis.sentence_check import TESTS, SentenceCheck, TooDeepError, nodes_of
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from jinja2 import Environment, Template, nodes

    from thammuu.analysis.conditions import Kind

LANGUAGES = ("vi", "en")
MAX_TEMPLATE = 2_000
_NO_DATA = {"vi": "khuyết dữ liệu", "en": "no data"}
_POINTS = {"vi": " điểm", "en": " points"}
_SMALL = 10
_DECIMALS = 2
_MOST_DECIMALS = 4

_ALLOWED = frozenset(
    {"Template", "Output", "TemplateData", "If", "CondExpr", "Name", "Const", "Filter", "Test"}
    | {"Compare", "Operand", "And", "Or", "Not", "Neg", "Add", "Sub"}
)
SAME_SCALE = 1e-6
"""Points by which a previous score may differ from its attainment on today's scale."""

CONTEXT = frozenset(
    {"level_name", "peers", "scale_unit", "officially_ranked", "same_scale", "is_total"}
    | {f"{name}_score" for name in ("peer_min", "peer_p25", "peer_median", "peer_p75", "peer_max")}
)
"""What a template may use beside the facts: wording of the framework, and peer figures on the node's own scale."""

_TRUTHS = frozenset({"officially_ranked", "same_scale", "is_total"})
_CONTEXT_KINDS: dict[str, Kind] = {
    name: "truth" if name in _TRUTHS else "number" if name.endswith("_score") else "text" for name in CONTEXT
}


def number(value: float | None, language: str, decimals: int = _DECIMALS) -> str:
    """Write a number without trailing zeros, with the language's decimal sign."""
    if value is None:
        return _NO_DATA[language]
    text = f"{round(value, decimals) + 0.0:,.{decimals}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text if language == "en" else text.translate(str.maketrans(",.", ".,"))


def count(value: float | None, language: str) -> str:
    """Write a count; Vietnamese offices write 01 … 09."""
    if value is None:
        return _NO_DATA[language]
    whole = round(abs(value))
    return f"0{whole}" if language == "vi" and whole < _SMALL else number(whole, language, 0)


def amount(value: float | None, language: str, scale_unit: str, other: float | None = None) -> str:
    """Write a score with its unit; with as many decimals as tell it from ``other``."""
    if value is None:
        return _NO_DATA[language]
    factor = 100 if scale_unit == "ratio" else 1
    sign = "%" if scale_unit in ("ratio", "percent") else _POINTS[language]
    decimals = _DECIMALS if other is None else _telling(value * factor, other * factor)
    written = number(value * factor, language, decimals)
    return written + (" point" if sign == " points" and written == "1" else sign)


def _telling(left: float, right: float) -> int:
    """Return how many decimals tell two numbers apart, within reason."""
    decimals = _DECIMALS
    while decimals < _MOST_DECIMALS and left != right and round(left, decimals) == round(right, decimals):
        decimals += 1
    return decimals


def period_words(period: str | None, language: str) -> str:
    """Write a period inside a sentence: "năm 2021", "quý II/2022", "tháng 6/2022"."""
    if period is None:
        return _NO_DATA[language]
    year, _sep, part = period.partition("-")
    if language == "en" or not part:
        return period if language == "en" else f"năm {year}"
    if part.startswith("Q"):
        return f"quý {('I', 'II', 'III', 'IV')[int(part[1]) - 1]}/{year}"
    month, _sep, day = part.partition("-")
    shown = month if int(month) <= 2 else str(int(month))  # noqa: PLR2004  months 1 and 2 keep their zero
    return f"ngày {day}/{shown}/{year}" if day else f"tháng {int(month)}/{year}"


@cache
def environment(language: str) -> Environment:
    """Return the sandbox that a language's templates run in."""
    from jinja2 import StrictUndefined, pass_context
    from jinja2.sandbox import ImmutableSandboxedEnvironment

    sandbox = ImmutableSandboxedEnvironment(
        undefined=StrictUndefined,
        autoescape=False,
        finalize=lambda value: _shown(value, language),
    )
    sandbox.globals.clear()

    @pass_context
    def with_unit(context: Mapping[str, Any], value: float | None, other: float | None = None) -> str:
        return amount(value, language, context["scale_unit"], other)

    @pass_context
    def of_max(context: Mapping[str, Any], value: float | None, other: float | None = None) -> str:
        most, unit = context["max_score"], context["scale_unit"]
        if most is None or value is None or unit != "points":
            return amount(value, language, unit, other)
        decimals = _DECIMALS if other is None else _telling(value, other)
        return f"{number(value, language, decimals)}/{amount(most, language, unit)}"

    def percent(value: float | None, decimals: int = 1) -> str:
        return number(None if value is None else value * 100, language, decimals) + ("%" if value is not None else "")

    filters: dict[str, Callable[..., str]] = {"amount": with_unit, "of_max": of_max, "percent": percent}
    filters["number"] = lambda value, decimals=_DECIMALS: number(value, language, decimals)
    filters["count"] = lambda value: count(value, language)
    filters["period"] = lambda value: period_words(value, language)
    sandbox.tests = {name: test for name, test in sandbox.tests.items() if name in TESTS}
    sandbox.filters = {"abs": abs, "capitalize": _capitalised, **filters}
    return sandbox


def _shown(value: object, language: str) -> object:
    if value is None or (isinstance(value, float | int) and not isinstance(value, bool)):
        return number(value, language)
    return value


def _capitalised(text: str) -> str:
    return text[:1].upper() + text[1:]


@lru_cache(maxsize=512)
def template(text: str, language: str) -> Template:
    """Return a compiled sentence template."""
    return environment(language).from_string(text)


def parsed(text: str, language: str) -> nodes.Template:
    """Return a template's tree, of parts that sentences know.

    Raises:
        jinja2.TemplateSyntaxError: If it cannot be read.
    """
    from jinja2 import TemplateSyntaxError

    try:
        tree = environment(language).parse(text)
        for node in nodes_of(tree):
            if type(node).__name__ not in _ALLOWED:
                raise TemplateSyntaxError(
                    _("a sentence template knows facts, filters, if and comparison only"), getattr(node, "lineno", 1)
                )
    except (RecursionError, TooDeepError):
        raise TemplateSyntaxError(_("fewer brackets and signs inside one another"), 1) from None
    return tree


def template_names(text: str, language: str) -> set[str]:
    """Return the names a template uses.

    Raises:
        jinja2.TemplateSyntaxError: If it cannot be read.
    """
    from jinja2 import meta

    return meta.find_undeclared_variables(parsed(text, language))


def faults_in_sentence(text: str, language: str, kinds: Mapping[str, Kind], certain: Iterable[str] | None) -> list[str]:
    """Return why a template could fail on some publication, nothing where it cannot.

    Args:
        text: A template that can be read.
        language: Its language.
        kinds: The facts it may use, with their kinds.
        certain: The facts that are never null where it is used; None if that is not known.
    """
    every = {**kinds, **_CONTEXT_KINDS}
    known = known_with(every if certain is None else certain) | _never_null(certain, every)
    faults = SentenceCheck(every, frozenset(every)).template(parsed(text, language), known)
    if faults:
        return faults
    sample = {name: _sample(name, kind) for name, kind in every.items()}
    least = {name: value if name in known else None for name, value in sample.items()}
    return _trial(text, language, sample) or _trial(text, language, least)


def _never_null(certain: Iterable[str] | None, every: Mapping[str, Kind]) -> frozenset[str]:
    """Return what a sentence has beside the facts: peer figures as scores follow from the facts they are made of."""
    if certain is None:
        return frozenset(every)
    facts = known_with(certain)
    on_scale_too = {"min_score", "max_score"} <= facts
    return frozenset(
        name
        for name in CONTEXT
        if not name.endswith("_score") or (on_scale_too and name.removesuffix("_score") in facts)
    )


def _sample(name: str, kind: Kind) -> float | str | bool:
    if kind == "text":
        return "2022" if name.endswith("period") else name
    return True if kind == "truth" else 1.5


def _trial(text: str, language: str, context: Mapping[str, Any]) -> list[str]:
    try:
        sentence(text, language, context)
    except Exception as error:  # noqa: BLE001  whatever a template does, its author is told
        return [_("a sentence that can be written ({reason})").format(reason=error)]
    return []


def sentence(text: str, language: str, context: Mapping[str, Any]) -> str:
    """Write a sentence from its template; runs of white space become one blank."""
    return " ".join(template(text, language).render(context).split())


def on_scale(share: float | None, facts: Mapping[str, Any]) -> float | None:
    """Return the score that an attainment stands for on the node's own scale."""
    low: float | None = facts.get("min_score")
    high: float | None = facts.get("max_score")
    if share is None or low is None or high is None:
        return None
    return high - share * (high - low) if facts.get("direction") == "lower" else low + share * (high - low)


def scale_context(facts: Mapping[str, Any], names: Iterable[str] = CONTEXT) -> dict[str, Any]:
    """Return what follows from facts alone: peer figures as scores, and whether the scale stayed the same.

    Args:
        facts: The facts of one cell.
        names: The names wanted, of :data:`CONTEXT`.
    """
    found: dict[str, Any] = {}
    for name in names:
        if name.endswith("_score") and name in CONTEXT:
            found[name] = on_scale(facts.get(name.removesuffix("_score")), facts)
        elif name == "same_scale":
            before, share = facts.get("previous_score"), on_scale(facts.get("previous_attainment"), facts)
            found[name] = before is not None and share is not None and abs(before - share) < SAME_SCALE
        elif name == "is_total":
            found[name] = facts.get("level") == "total"
    return found
