"""What a message says, already worded: its templates print it and decide nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal

from thammuu.memos.forms import FORMS
from thammuu.memos.model import Item, Paragraph
from thammuu.memos.wording import WORDS, capital

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from datetime import date

    from thammuu.memos.model import Form, MemoModel, Sentence, Task
    from thammuu.memos.wording import Words

FIRST_TASKS: Final = 3
FIRST_CHANGES: Final = 5


@dataclass(frozen=True, slots=True)
class Replaced:
    """The document that another one replaces.

    Args:
        form: Of the document.
        number: As its letterhead prints it, without the words before it.
        dated: Its day.
    """

    form: Form
    number: str
    dated: date


@dataclass(frozen=True, slots=True)
class Enclosed:
    """One document of a message.

    Args:
        model: In the message's language.
        dated: Its day.
        link: Where it can be read; empty where there is no portal.
        replaces: What it corrects.
        reasons: Of a withdrawal: why, one a publication, in the words of whoever withdrew it.
    """

    model: MemoModel
    dated: date
    link: str = ""
    replaces: Replaced | None = None
    reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Occasion:
    """What all of a message shares.

    Args:
        words: Of the message's language.
        issuer: The issuing body's name in a sentence.
        to: The recipient's name; empty if not known.
        kind: ``memo`` or ``withdrawal``.
        files: The names of what is attached.
        signed: Whether the PDF is the digitally signed copy.
        answers: Where answers go; empty if nowhere in particular.
        delivery_id: For the foot.
        today: The day of a withdrawal.
    """

    words: Words
    issuer: str
    to: str
    kind: Literal["memo", "withdrawal"]
    files: tuple[str, ...]
    signed: bool
    answers: str
    delivery_id: str
    today: date


def number_of(model: MemoModel) -> str:
    """Return ``05/BNV-CCHC`` of ``Số: 05/BNV-CCHC``."""
    return model.letterhead.number.partition(":")[2].strip()


def letter_of(occasion: Occasion, enclosed: Sequence[Enclosed]) -> dict[str, Any]:
    """Return what the templates of a message print.

    Args:
        occasion: What all of it shares.
        enclosed: The documents, at least one.
    """
    words = occasion.words
    withdrawn = occasion.kind == "withdrawal"
    return {
        "language": words.language,
        "kind": occasion.kind,
        "subject": subject_of(occasion, enclosed),
        "issuer": " ".join(enclosed[0].model.letterhead.issuing_body.split()),
        "greeting": words.say("Kính gửi: {to}", "To: {to}", to=occasion.to) if occasion.to else "",
        "opening": _withdrawing(occasion, enclosed) if withdrawn else _sending(occasion, enclosed),
        "documents": [_document(words, one, withdrawn=withdrawn, alone=len(enclosed) == 1) for one in enclosed],
        "files_label": words.say("Tệp kèm theo:", "Attached:"),
        "files": [*occasion.files],
        "closing": _closing(occasion, enclosed),
        "foot": _foot(occasion, enclosed),
    }


def subject_of(occasion: Occasion, enclosed: Sequence[Enclosed]) -> str:
    """Return the line that a mailbox shows: what it is, its number, what about."""
    words, first = occasion.words, enclosed[0]
    if len(enclosed) > 1:
        return _subject_of_several(occasion, enclosed)
    if occasion.kind == "withdrawal":
        named = _named(words, first.model, first.dated)
        return words.say("Thu hồi {one}", "Withdrawn: {one}", one=_inner(words, named))
    titled = _titled(words, first.model)
    return f"{titled} {words.say('(bản thay thế)', '(correction)')}" if first.replaces else titled


def _subject_of_several(occasion: Occasion, enclosed: Sequence[Enclosed]) -> str:
    words = occasion.words
    values = {
        "n": words.count(len(enclosed)),
        "numbers": ", ".join(number_of(one.model) for one in enclosed),
        "units": ", ".join(dict.fromkeys(one.model.unit.full_name for one in enclosed)),
    }
    if occasion.kind == "withdrawal":
        return words.say("Thu hồi {n} văn bản: số {numbers}", "{n} documents withdrawn: No {numbers}", **values)
    return words.say(
        "{n} văn bản về kết quả các chỉ số của {units}: số {numbers}",
        "{n} documents on the index results of {units}: No {numbers}",
        **values,
    )


def _titled(words: Words, model: MemoModel) -> str:
    """Return a document's title with its number after the name of the form."""
    name = words.text(FORMS[model.form].name)
    rest = model.title.removeprefix(name) if model.title.startswith(name) else f": {model.title}"
    return words.say(
        "{name} số {number}{rest}", "{name} No {number}{rest}", name=name, number=number_of(model), rest=rest
    )


def _named(words: Words, model: MemoModel, dated: date) -> str:
    """Return ``Công văn số 05/BNV-CCHC ngày 20/6/2022``."""
    return _reference(words, model.form, number_of(model), dated)


def _reference(words: Words, form: Form, number: str, dated: date) -> str:
    return words.say(
        "{name} số {number} ngày {day}",
        "{name} No {number} of {day}",
        name=words.text(FORMS[form].name),
        number=number,
        day=words.day(dated),
    )


def _inner(words: Words, named: str) -> str:
    """Return a name inside a sentence; English names of forms are no proper names."""
    return named if words.language == "vi" else named[:1].lower() + named[1:]


def _sending(occasion: Occasion, enclosed: Sequence[Enclosed]) -> list[str]:
    words, first = occasion.words, enclosed[0]
    if len(enclosed) > 1:
        text = words.say(
            "{issuer} gửi {n} văn bản về kết quả các chỉ số, nêu tóm tắt dưới đây; toàn văn tại tệp kèm theo.",
            "{issuer} sends {n} documents on index results, summed up below; the attached files hold the full texts.",
            issuer=capital(occasion.issuer),
            n=words.count(len(enclosed)),
        )
        return [text]
    text = words.say(
        "{issuer} gửi {one}.",
        "{issuer} sends {one}.",
        issuer=capital(occasion.issuer),
        one=_inner(words, _titled_with_day(words, first)),
    )
    return [text, *_correction(words, first)]


def _correction(words: Words, one: Enclosed) -> list[str]:
    if one.replaces is None:
        return []
    old = _reference(words, one.replaces.form, one.replaces.number, one.replaces.dated)
    text = words.say(
        "Văn bản này thay thế {old}; đề nghị sử dụng văn bản này từ ngày ban hành.",
        "It replaces {old}, which is no longer to be used.",
        old=_inner(words, old),
    )
    return [text]


def _withdrawing(occasion: Occasion, enclosed: Sequence[Enclosed]) -> list[str]:
    words, first = occasion.words, enclosed[0]
    if len(enclosed) == 1:
        text = words.say(
            "Từ ngày {day}, {issuer} thu hồi {one}.",
            "As of {day}, {issuer} withdraws {one}.",
            issuer=occasion.issuer,
            one=_inner(words, _titled_with_day(words, first)),
            day=words.day(occasion.today),
        )
        return [text]
    text = words.say(
        "Từ ngày {day}, {issuer} thu hồi {n} văn bản nêu dưới đây.",
        "As of {day}, {issuer} withdraws the {n} documents below.",
        issuer=occasion.issuer,
        n=words.count(len(enclosed)),
        day=words.day(occasion.today),
    )
    return [text]


def _titled_with_day(words: Words, one: Enclosed) -> str:
    name = words.text(FORMS[one.model.form].name)
    rest = one.model.title.removeprefix(name).lstrip(": ") if one.model.title.startswith(name) else one.model.title
    named = _named(words, one.model, one.dated)
    return words.say("{named} {rest}", "{named} ({rest})", named=named, rest=rest) if rest else named


def _document(words: Words, one: Enclosed, *, withdrawn: bool, alone: bool) -> dict[str, Any]:
    heading = "" if alone else _titled_with_day(words, one)
    if withdrawn:
        reasons = [words.say("Lý do: {why}", "Reason: {why}", why=_sentence(why)) for why in one.reasons]
        return no_parts() | {"heading": heading, "paragraphs": reasons}
    model = one.model
    shown = model.tasks[:FIRST_TASKS]
    return no_parts() | {
        "heading": heading,
        "paragraphs": [] if alone else _correction(words, one),
        "changes_label": words.say("Nội dung thay đổi", "What changes") if one.replaces else "",
        "changes": _changes(model) if one.replaces else [],
        "standing_label": words.say("Kết quả", "Results"),
        "standing": [sentence.text for sentence in _standing(model)],
        "tasks_label": _tasks_label(words, len(shown), len(model.tasks)),
        "tasks": [_task(words, task) for task in shown],
        "lead_label": words.say("Cơ quan chủ trì", "Lead agency"),
        "task_label": words.say("Nhiệm vụ", "Task"),
        "deadline_label": words.say("Thời hạn", "Deadline"),
        "link": one.link,
        "link_label": model.labels.more,
    }


def no_parts() -> dict[str, Any]:
    """Return a document of a letter of which nothing is said yet."""
    lists: dict[str, Any] = {name: [] for name in ("paragraphs", "changes", "standing", "tasks")}
    labels = ("heading", "changes_label", "standing_label", "tasks_label", "lead_label", "task_label")
    return lists | dict.fromkeys((*labels, "deadline_label", "link", "link_label"), "")


def _tasks_label(words: Words, shown: int, total: int) -> str:
    if shown == total:
        return words.say("Nhiệm vụ cần thực hiện", "Tasks")
    return words.say(
        "Nhiệm vụ cần thực hiện trước ({shown} trong {total} nhiệm vụ nêu tại văn bản)",
        "First tasks ({shown} of the {total} in the document)",
        shown=words.count(shown),
        total=words.count(total),
    )


def _task(words: Words, task: Task) -> dict[str, str]:
    return {
        "number": str(task.number),
        "lead": task.lead,
        "sentence": task.sentence,
        "deadline": words.say("trước ngày {day}", "before {day}", day=task.deadline_text)
        if task.deadline_text[:1].isdigit()
        else task.deadline_text,
    }


def _standing(model: MemoModel) -> Iterable[Sentence]:
    for section in model.sections:
        if section.kind == "standing":
            yield from (block.sentence for block in section.blocks if isinstance(block, Paragraph))


def _changes(model: MemoModel) -> list[str]:
    section = model.section("since")
    found = [block.sentence for block in section.blocks if isinstance(block, Item | Paragraph)] if section else []
    corrected = [one.text for one in found if any(ref.startswith("memo:") for ref in one.because)]
    return corrected[:FIRST_CHANGES]


def _sentence(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _closing(occasion: Occasion, enclosed: Sequence[Enclosed]) -> list[str]:
    words = occasion.words
    if occasion.kind == "withdrawal":
        return [
            words.say(
                "Đề nghị không sử dụng văn bản đã thu hồi./.",
                "The withdrawn document is no longer to be used."
                if len(enclosed) == 1
                else "The withdrawn documents are no longer to be used.",
            )
        ]
    signed = words.say("Tệp PDF là bản đã ký số.", "The PDF is the digitally signed document.")
    sent = words.say("Toàn văn và phụ lục tại tệp kèm theo./.", "The full text and its annexes are attached.")
    # the English edition says the same of itself; who reads no further than the mail is told too
    told = words.say("", "The English edition is for information; the Vietnamese text is the document that is issued.")
    return [*([signed] if occasion.signed else []), *([sent] if occasion.files else []), *([told] if told else [])]


def _foot(occasion: Occasion, enclosed: Sequence[Enclosed]) -> list[str]:
    words = occasion.words
    answers = words.say(
        "Thư điện tử này do hệ thống gửi tự động. Ý kiến trao đổi gửi về: {address}.",
        "This message was sent automatically. Please write to {address} with questions.",
        address=occasion.answers,
    )
    automatic = words.say("Thư điện tử này do hệ thống gửi tự động.", "This message was sent automatically.")
    mark = words.say("Mã thư: {id}", "Message: {id}", id=occasion.delivery_id)
    lines = list(dict.fromkeys(one.model.provenance.line for one in enclosed))
    return [answers if occasion.answers else automatic, *lines, mark]


def trial_letters(model: MemoModel) -> list[dict[str, Any]]:
    """Return letters that show every part of the templates, to try them: one memo, a correction among two, withdrawals.

    Args:
        model: Any memo.
    """
    old = Replaced(model.form, number_of(model), model.dated)
    one = Enclosed(model, model.dated)
    corrected = Enclosed(model, model.dated, replaces=old)
    withdrawn = Enclosed(model, model.dated, reasons=(model.title,))
    trials: list[tuple[Literal["memo", "withdrawal"], list[Enclosed]]] = [
        ("memo", [one]),
        ("memo", [corrected, one]),
        ("withdrawal", [withdrawn]),
        ("withdrawal", [withdrawn, one]),
    ]
    return [letter_of(_trial(model, kind), enclosed) for kind, enclosed in trials]


def _trial(model: MemoModel, kind: Literal["memo", "withdrawal"]) -> Occasion:
    return Occasion(
        words=WORDS[model.language],
        issuer=model.letterhead.issuing_body,
        to=model.unit.full_name,
        kind=kind,
        files=("memo.pdf",),
        signed=True,
        answers="office@example.org",
        delivery_id="trial",
        today=model.dated,
    )
