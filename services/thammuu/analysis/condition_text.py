"""The first look at a rule's condition: its characters and words, before it is parsed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sqlglot.tokenizer_core import Token

MAX_CHARACTERS = 500
MAX_DEPTH = 20
MAX_NUMBER = 1e15
_NUMBER = re.compile(r"(\d{1,15}(\.\d{0,15})?|\.\d{1,15})([eE][+-]?\d{1,2})?")
_WORDS = frozenset({"AND", "OR", "NOT", "IS", "NULL", "BETWEEN", "IN"})
_SIGNS = frozenset({"EQ", "NEQ", "LT", "LTE", "GT", "GTE", "PLUS", "DASH", "STAR", "SLASH", "MOD"})
_MARKS = frozenset({"L_PAREN", "R_PAREN", "COMMA", "DOT", "VAR", "NUMBER", "STRING"})
FUNCTIONS = frozenset({"ABS", "COALESCE"})
"""The functions a condition may call."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a condition.

    Args:
        code: Stable name for programs.
        expected: A sentence for people.
        offset: Position in the text, from 0.
        value: What stood there.
    """

    code: str
    expected: str
    offset: int
    value: str | None = None

    def line_and_column(self, text: str) -> tuple[int, int]:
        """Return the position within the condition's text, both from 1."""
        before = text[: self.offset]
        return before.count("\n") + 1, self.offset - (before.rfind("\n") + 1) + 1


def faults_in_text(text: str) -> list[Fault]:
    """Return what is wrong with a condition's characters and words; nothing is parsed."""
    if len(text) > MAX_CHARACTERS:
        expected = _("a condition of at most {n} characters").format(n=MAX_CHARACTERS)
        return [Fault("condition-length", expected, MAX_CHARACTERS, str(len(text)))]
    if not text.strip():
        return [Fault("condition-empty", _("a condition"), 0)]
    return list(_strange_characters(text)) or list(_faults_in_words(text))


def _strange_characters(text: str) -> Iterator[Fault]:
    quoted = False
    for offset, character in enumerate(text):
        if character == "'":
            quoted = not quoted
        elif not quoted and text.startswith(("--", "/*"), offset):
            yield Fault("condition-comment", _("no comment inside a condition"), offset, text[offset : offset + 2])
            return
        elif not quoted and not (character.isascii() and (character.isprintable() or character in "\n\t")):
            expected = _("plain letters, digits and signs outside quotes")
            yield Fault("condition-character", expected, offset, character)
    if quoted:
        yield Fault("condition-quote", _("a closing quote (')"), text.rfind("'"), "'")


def _faults_in_words(text: str) -> Iterator[Fault]:
    from sqlglot.errors import TokenError
    from sqlglot.tokens import Tokenizer

    try:
        words = Tokenizer().tokenize(text)
    except TokenError as error:
        yield Fault("condition-syntax", _("a condition that can be read"), 0, str(error).splitlines()[0])
        return
    depth = 0
    for at, word in enumerate(words):
        after = words[at + 1].token_type.name if at + 1 < len(words) else ""
        before = [earlier.token_type.name for earlier in words[max(0, at - 2) : at]]
        fault = _fault_in_word(word, before, after)
        if fault:
            yield fault
        depth += {"L_PAREN": 1, "R_PAREN": -1, "NOT": 1, "DASH": 1}.get(word.token_type.name, 0)
        if depth > MAX_DEPTH:
            yield Fault("condition-depth", _("fewer brackets and signs inside one another"), word.start, word.text)
            return


def _fault_in_word(word: Token, before: list[str], after: str) -> Fault | None:
    kind = word.token_type.name
    if kind == "NULL" and before[-1:] != ["IS"] and before != ["IS", "NOT"]:
        return Fault("condition-null", _("NULL only after IS or IS NOT"), word.start, word.text)
    if kind == "NUMBER" and not (_NUMBER.fullmatch(word.text) and float(word.text) <= MAX_NUMBER):
        return Fault("condition-number", _("a number of at most 15 digits"), word.start, word.text)
    called = after == "L_PAREN" and kind not in _WORDS | _SIGNS | {"L_PAREN", "COMMA"}
    if called and word.text.upper() not in FUNCTIONS:
        names = ", ".join(sorted(FUNCTIONS))
        return Fault("condition-function", _("one of the functions {names}").format(names=names), word.start, word.text)
    if kind not in _WORDS | _SIGNS | _MARKS:
        expected = _(
            "facts, numbers, 'text', AND, OR, NOT, comparison, arithmetic, IS NULL, BETWEEN, IN, ABS, COALESCE"
        )
        return Fault("condition-word", expected, word.start, word.text)
    return None
