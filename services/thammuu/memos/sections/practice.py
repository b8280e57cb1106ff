"""Practice to learn from: what named units did, who climbed most, and who does well close by."""

from __future__ import annotations

from typing import TYPE_CHECKING

from thammuu.memos import because
from thammuu.memos.clean import clean_text
from thammuu.memos.model import Item, Paragraph, Section, Sentence
from thammuu.memos.sections.peers import told_of_peers
from thammuu.memos.wording import capital

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.memos.scope import Scope
    from thammuu.memos.weighing import Weighed
    from thammuu.rulepack.actions_practices import Practice
    from thammuu.rulepack.frameworks import Node

_MAX_NAMED = 3


def practice_section(scope: Scope) -> Section | None:
    """Return the section, None without practice to name."""
    told = [*(_told(scope, practice) for practice in _named(scope)), *told_of_peers(scope, own_units(scope))]
    if not told:
        return None
    words = scope.words
    opening = words.say(
        "Các cơ quan của {kind} có thể nghiên cứu, học tập kinh nghiệm của các địa phương sau đây:",
        "The agencies of {body} may learn from the experience of the following provinces:",
        kind=scope.kind,
        body=scope.body_name,
    )
    first = Sentence(text=opening, because=(because.form(scope.form),))
    return Section(
        kind="practice",
        heading=words.say("Kinh nghiệm của các địa phương", "Practice to learn from"),
        blocks=(Paragraph(sentence=first), *(Item(sentence=one) for one in told)),
    )


def own_units(scope: Scope) -> frozenset[str]:
    """Return the units that the memo does not hold up to its body: itself and those it was made of."""
    return frozenset({scope.body.id, *scope.body.predecessors, *(part.unit.id for part in scope.parts)})


def _named(scope: Scope) -> list[Practice]:
    """Return named practice: on the found criterion itself first, the newest first."""
    near: dict[str, int] = {}
    for one in (one for part in scope.parts for one in part.in_body):
        for steps, node in enumerate(_upwards(one)):
            near[node.concept] = min(steps, near.get(node.concept, steps))
    own = own_units(scope)
    known = [
        practice
        for practice in scope.catalogue.practices
        if practice.known_from <= scope.as_of and practice.unit_id not in own and near.keys() & set(practice.answers)
    ]

    def order(practice: Practice) -> tuple[int, int, str]:
        steps = min(near[concept] for concept in practice.answers if concept in near)
        return steps, -practice.known_from.toordinal(), practice.id

    return sorted(known, key=order)[:_MAX_NAMED]


def _told(scope: Scope, practice: Practice) -> Sentence:
    words = scope.words
    merged = practice.merged_on is not None and practice.merged_on <= scope.as_of
    unit = words.text(practice.unit)
    text = words.say(
        "{unit}: {done}{effect} (nguồn: {source}).",
        "{unit}: {done}{effect} (source: {source}).",
        unit=capital(f"{unit} {words.before_merger}" if merged else unit),
        done=words.text(practice.done),
        effect=f"; {words.text(practice.effect)}" if practice.effect else "",
        source=words.text(practice.source_name),
    )
    return Sentence(text=clean_text(text), because=(because.practice(practice.id), because.unit(practice.unit_id)))


def _upwards(one: Weighed) -> Iterator[Node]:
    framework = one.view.framework
    code: str | None = one.node.code
    while code is not None:
        node = framework.node(code)
        yield node
        code = node.parent
