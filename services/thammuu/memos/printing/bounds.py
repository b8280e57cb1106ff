"""How much a Jinja template may make: long ranges, long products and long outputs are refused, not waited for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from jinja2 import TemplateRuntimeError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Template
    from jinja2.runtime import Context

MOST_LETTERS = 10_000_000
"""Of one output; the longest memo of a province has 200,000."""
LONGEST_RANGE = 10_000
_MOST_BITS = 4096
"""Of a power."""
_USELESS_NAMES = ("lipsum", "cycler", "joiner")
_RANDOM_FILTERS = ("random",)


class BoundedEnvironment(ImmutableSandboxedEnvironment):
    """A sandbox without chance, and whose sums stay small."""

    intercepted_binops = frozenset({"*", "**"})

    def __init__(self, **settings: Any) -> None:  # noqa: ANN401  Jinja's own settings
        super().__init__(**settings)
        for name in _USELESS_NAMES:
            del self.globals[name]
        for name in _RANDOM_FILTERS:
            del self.filters[name]
        self.globals["range"] = short_range

    def call_binop(self, context: Context, operator: str, left: Any, right: Any) -> Any:  # noqa: ANN401  any values
        """Return a product or a power, if it is not too large.

        Raises:
            TemplateRuntimeError: If it is.
        """
        if _power_bits(left, right) > _MOST_BITS if operator == "**" else _size(left) * _size(right) > MOST_LETTERS:
            raise TemplateRuntimeError(_("a product or a power is too large"))
        return super().call_binop(context, operator, left, right)


def _size(value: Any) -> int:  # noqa: ANN401  any value of a template
    """Return what a factor adds to a repeated text: its length, or how often it is repeated."""
    if isinstance(value, str | bytes | list | tuple):
        return len(value) or 1
    return abs(value) if isinstance(value, int) else 1


def _power_bits(base: Any, exponent: Any) -> int:  # noqa: ANN401  any values of a template
    both = isinstance(base, int) and isinstance(exponent, int)
    return base.bit_length() * abs(exponent) if both else 0


def short_range(*bounds: int) -> range:
    """Return a range of at most 10,000 steps.

    Raises:
        TemplateRuntimeError: If it is longer.
    """
    steps = range(*bounds)
    if len(steps) > LONGEST_RANGE:
        raise TemplateRuntimeError(_("a range has more than {n} steps").format(n=LONGEST_RANGE))
    return steps


def rendered(template: Template, context: Mapping[str, Any]) -> str:
    """Return what a template prints.

    Raises:
        TemplateRuntimeError: If it prints more than ten million letters.
    """
    parts, letters = [], 0
    for part in template.generate(context):
        letters += len(part)
        if letters > MOST_LETTERS:
            raise TemplateRuntimeError(_("it prints more than {n} letters").format(n=MOST_LETTERS))
        parts.append(part)
    return "".join(parts)
