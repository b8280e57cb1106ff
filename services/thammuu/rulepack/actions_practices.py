"""Practice worth learning from: what named units did, when, and who says so."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field

from thammuu.i18n import _
from thammuu.rulepack.agencies import Basis, Slug
from thammuu.rulepack.text import EitherText
from thammuu.rulepack.yaml_positions import read_yaml, refuse, validate

if TYPE_CHECKING:
    from pathlib import Path


class Practice(BaseModel):
    """What one unit did.

    Args:
        unit: Its full name with its kind, as it was then.
        unit_id: The unit then, so that a memo to it does not hold it up to itself.
        merged_on: The day it was merged into another; memos from then on say so.
        answers: The concepts it bears on.
        known_from: The day from which a memo may cite it: that of the source.
        done: What was done, as a clause without a full stop.
        effect: The effect as the source states it; None when it states none.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Slug
    unit: EitherText
    unit_id: Slug
    merged_on: date | None = None
    answers: tuple[str, ...] = Field(min_length=1)
    known_from: date
    done: EitherText
    effect: EitherText | None = None
    source: str
    source_name: EitherText
    basis: Basis


class _File(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    practices: tuple[Practice, ...]


def load_practices(path: Path) -> tuple[Practice, ...]:
    """Read the list of practices.

    Raises:
        BadInputError: With all problems of the file, each with line and column.
    """
    document = read_yaml(path)
    file, problems = validate(document, _File)
    for place, practice in enumerate(file.practices if file else ()):
        if practice.basis != "read":
            expected = _("a practice that was read in its source")
            problems.append(document.problem("practice-basis", expected, ("practices", place, "basis")))
    refuse(problems, lambda: _("{file} is not a valid list of practices.").format(file=path.name))
    assert file is not None
    return file.practices
