"""Words that make a task vague, dated or impossible to check."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from thammuu.i18n import _
from thammuu.rulepack.actions_lint_texts import unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator

    from thammuu.rulepack.actions import Action
    from thammuu.rulepack.agencies import AgencyRegister
    from thammuu.rulepack.text import Text

_EMPTY_VERBS = (
    *("tăng cường", "đẩy mạnh", "nâng cao", "chú trọng", "quan tâm", "tiếp tục", "phát huy", "quán triệt"),
    *("phấn đấu", "chủ động", "tích cực", "làm tốt", "thực hiện tốt", "thực hiện nghiêm", "bảo đảm", "đảm bảo"),
    *("strengthen", "enhance", "improve", "promote", "boost", "step up", "intensify", "continue", "raise awareness"),
    *("pay attention", "strive", "ensure", "actively"),
)
_NO_PRODUCTS = (
    *("nhận thức", "ý thức", "tinh thần", "chất lượng", "hiệu quả", "chuyển biến", "sự"),
    *("awareness", "better", "greater", "higher", "quality of", "a change"),
)
_SHOWS_NOTHING = frozenset(
    {"báo cáo", "kết quả", "kết quả tốt", "không", "không có", "có", "văn bản", "tài liệu", "hoàn thành", "đạt", "tốt"}
    | {"report", "a report", "the report", "reports", "result", "results", "good results", "none", "nothing", "yes"}
    | {"document", "documents", "done", "completed", "good"}
)
"""Products named without saying of what: anything or nothing would do."""
_ABOLISHED = {"vi": ("huyện", "quận", "thị xã", "thị trấn"), "en": ("district", "township")}
"""Levels that ended on 1 July 2025; registers hold the offices' own names."""
_VAGUE_OFFICES = re.compile(
    r"(cơ quan|đơn vị|sở|ban|ngành|địa phương)[^,;]{0,30}liên quan"
    r"|(relevant|concerned|related) (agencies|offices|bodies|units|departments)",
    re.IGNORECASE,
)
_TARGET = re.compile(r"\d[\d.,]*\s*(%|phần trăm|điểm|percent|points?)(?!\w)", re.IGNORECASE)
_VIETNAMESE = re.compile(r"[À-ỹĂăĐđƠơƯư]")
_DIGIT = re.compile(r"\d")
_TOKEN = re.compile(r"\{[a-z-]+\}")
_NO_WORD = re.compile(r"[^\w]+")


@dataclass(frozen=True)
class Fault:
    """What is wrong with an action's words; ``steps`` lead to the text inside the action."""

    code: str
    expected: str
    steps: tuple[str, ...]
    value: str


@dataclass(frozen=True)
class DatedWords:
    """What may only be said through a duty or a term, since it was not so at every date."""

    patterns: dict[str, re.Pattern[str]]

    @classmethod
    def of(cls, agencies: AgencyRegister) -> DatedWords:
        """Return the names of dated offices, the wordings of dated terms and the abolished levels."""
        texts: list[Text] = [one.name for one in agencies.agencies.values() if not one.always]
        for term in agencies.terms.values():
            texts += [one.text for one in term.said_as if one.valid_from or one.valid_to]
        said = {
            "vi": {text.vi for text in texts} | set(_ABOLISHED["vi"]),
            "en": {text.en for text in texts if text.en} | set(_ABOLISHED["en"]),
        }
        return cls({language: _any_of(found) for language, found in said.items()})


def _any_of(words: set[str]) -> re.Pattern[str]:
    longest_first = sorted(words, key=lambda word: (-len(word), word))
    return re.compile(rf"(?<!\w)({'|'.join(map(re.escape, longest_first))})s?(?!\w)", re.IGNORECASE)


def normalised(text: str) -> str:
    """Return a sentence in lower case without punctuation, as duplicates are compared."""
    return _NO_WORD.sub(" ", text.casefold()).strip()


def word_faults(action: Action, words: DatedWords, *, surveyed: bool) -> Iterator[Fault]:
    """Yield what is wrong with an action's sentences; a surveyed criterion may have no figure as its target."""
    for key, text in (("task", action.task), ("output", action.output)):
        yield from _english_faults(key, text)
        for language, said in (("vi", text.vi), ("en", text.en)):
            if said:
                yield from _text_faults((key, language), said, words.patterns[language], surveyed=surveyed)
                yield from (Fault(code, expected, (key, language), value) for code, expected, value in unfinished(said))


def _english_faults(key: str, text: Text) -> Iterator[Fault]:
    if text.vi.strip() and not _VIETNAMESE.search(text.vi):
        yield Fault("action-vietnamese", _("Vietnamese, with its letters"), (key, "vi"), text.vi)
    if not text.en:
        yield Fault("action-english", _("an English edition under en"), (key,), text.vi)
    elif _VIETNAMESE.search(text.en):
        yield Fault("action-english", _("English, without Vietnamese letters"), (key, "en"), text.en)


def _text_faults(steps: tuple[str, str], said: str, dated: re.Pattern[str], *, surveyed: bool) -> Iterator[Fault]:
    if steps[0] == "task":
        for clause in re.split(r";\s*", said):
            if _begins(clause, _EMPTY_VERBS) and not _DIGIT.search(clause):
                expected = _("a verb that can be seen done, or a quantity; this one asks for nothing in particular")
                yield Fault("action-empty-verb", expected, steps, clause)
    elif normalised(said) in _SHOWS_NOTHING or _begins(said, (*_EMPTY_VERBS, *_NO_PRODUCTS)):
        yield Fault("action-empty-output", _("a product that can be shown, such as a decision or a list"), steps, said)
    if found := _VAGUE_OFFICES.search(said):
        yield Fault("action-vague-offices", _("offices by name, under coordinating"), steps, found[0])
    if found := dated.search(_TOKEN.sub(" ", said)):
        expected = _("a term of agencies.yaml in braces: this was not so at every date")
        yield Fault("action-dated-word", expected, steps, found[0])
    if surveyed and (found := _TARGET.search(said)):
        expected = _("no percentage and no score: what people are asked is nobody's target")
        yield Fault("action-survey-target", expected, steps, found[0])


def _begins(text: str, heads: tuple[str, ...]) -> bool:
    first = normalised(text)
    return any(first == head or first.startswith(f"{head} ") for head in heads)
