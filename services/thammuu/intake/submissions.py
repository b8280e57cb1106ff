"""Take a submission from Kafka: every one that can be read is answered once, accepted or refused with all errors."""

from __future__ import annotations

import hashlib
import json
import tempfile
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError
from pydantic_core import from_json

from thammuu.bus.inbox import set_aside
from thammuu.bus.topics import SUBMISSIONS
from thammuu.canonical import sha256_hex
from thammuu.errors import BadInputError, EnvironmentFaultError, Place, Problem
from thammuu.i18n import _
from thammuu.intake import acceptance, publishing, submission_parts
from thammuu.intake import submission_answers as answers
from thammuu.intake.problems import SHOWN_AT_MOST, shown
from thammuu.intake.submission_answers import AnsweredError, Asked
from thammuu.intake.submission_fetch import FETCH_LIMITS, fetch
from thammuu.intake.submission_message import IndexId, Source, SubmissionId, SubmittedMessage, answer_id
from thammuu.intake.submission_patience import Patience
from thammuu.intake.submission_places import places_of
from thammuu.printable import printable
from thammuu.rulepack.framework_tree import UnknownNodeError

if TYPE_CHECKING:
    from thammuu.bus.context import Context
    from thammuu.intake.submission_message import ScoresSubmitted

_LONGEST_PLACE = 200


def take(context: Context, body: bytes) -> bool:
    """Publish what a message submits, or say in an event why not; the same message again changes nothing.

    Args:
        context: The program's parts.
        body: The message's value.

    Returns:
        False if nobody can be told, since the message does not say who submits what: it is set aside.

    Raises:
        Exception: A transient error (:func:`thammuu.bus.handling.is_transient`): nothing was changed.
    """
    try:
        message = SubmittedMessage.model_validate_json(body)
    except ValidationError as error:
        return _refuse_unusable(context, body, error)
    asked = Asked.by(message)
    try:
        match answers.state_of(context, asked):
            case "answered":
                pass
            case "id used":
                expected = _("an id of its own; this one was answered for other content")
                _refuse("submission-id-used", expected, asked.submission_id)
            case "new":
                _publish(context, asked, message.data)
    except AnsweredError:
        pass
    except BadInputError as error:
        _refuse_for(context, asked, error)
    return True


def _publish(context: Context, asked: Asked, data: ScoresSubmitted) -> None:
    if data.file.part is not None and not submission_parts.keep(context, asked, data.file.part):
        return
    with tempfile.TemporaryDirectory(prefix="thammuu-submission-") as folder:
        path = Path(folder) / f"scores.{data.file.format}"
        try:
            _write(context, asked, data, path)
            publishing.publish(context, _request(data, path), partial(answers.accepted, context, asked))
        except BadInputError as error:
            raise _named(error, str(path), data.file.name) from error
        except UnknownNodeError as error:
            raise BadInputError(
                _("The submission was refused; nothing was stored."), [Problem("unknown-index", str(error))]
            ) from error


def _write(context: Context, asked: Asked, data: ScoresSubmitted, path: Path) -> None:
    content = data.file.content()
    if content is not None:
        path.write_bytes(content)
        return
    if data.file.uri is not None:
        patience = context.cache.get_or_make(("patience",), lambda: Patience(FETCH_LIMITS.in_all_s))
        fetch(data.file.uri, places_of(context.settings.submission_uris), path, FETCH_LIMITS, patience)
    else:
        submission_parts.assemble(context, asked, path)
    with path.open("rb") as stream:
        found = hashlib.file_digest(stream, "sha256").hexdigest()
    if found != data.file.sha256:
        _refuse("wrong-hash", _("a file with the SHA-256 {hash}").format(hash=data.file.sha256), found)


def _request(data: ScoresSubmitted, path: Path) -> publishing.Request:
    return publishing.Request(
        file=path,
        index=data.index,
        period=data.period,
        published_on=data.published_on,
        round=data.round,
        units_as_of=data.units_as_of,
        sheet=data.sheet,
        history=data.history,
        partial=data.partial,
    )


def _named(error: BadInputError, path: str, name: str) -> BadInputError:
    """Return an error with the name that the producer knows."""
    problems = [_renamed(one, path, name) for one in error.problems]
    return BadInputError(str(error).replace(path, name), problems)


def _renamed(problem: Problem, path: str, name: str) -> Problem:
    at = problem.place
    place = Place(name if at.file == path else at.file, at.sheet, at.row, at.column, at.line)
    return Problem(problem.code, problem.expected, place, problem.value, problem.severity)


def _refuse_for(context: Context, asked: Asked, error: BadInputError) -> None:
    """Refuse a submission, unless it is the operator's files that are at fault.

    Raises:
        EnvironmentFaultError: If the rules folder is not in order: the producer is not to blame.
    """
    try:
        acceptance.check_pack(context)
    except BadInputError as fault:
        raise EnvironmentFaultError(str(fault)) from fault
    answers.refuse(context, asked, error)


def _refuse_unusable(context: Context, body: bytes, error: ValidationError) -> bool:
    """Answer a message that says who submits what, with all faults of its form; set others aside with their bytes."""
    asked = _asked(body)
    if asked is None:
        set_aside(context, SUBMISSIONS, body, f"unreadable: {_first_words(error)}")
        return False
    problems = [_problem(one) for one in error.errors(include_url=False, include_context=False)[:SHOWN_AT_MOST]]
    refused = BadInputError(_("The message was refused; nothing was stored."), problems)
    # the id stays free: the same submission may be sent again in the right form
    answers.refuse(context, asked, refused, takes_id=False)
    return True


def _problem(one: Any) -> Problem:  # noqa: ANN401  pydantic's own dictionary
    value = one["input"]
    text = value if isinstance(value, str) else None if isinstance(value, dict | list) else str(value)
    where = printable(".".join(str(part) for part in one["loc"])[:_LONGEST_PLACE])
    return Problem("bad-message", f"{where}: {one['msg']}" if where else one["msg"], value=shown(text))


def _asked(body: bytes) -> Asked | None:
    try:
        found = from_json(body)
        data = found["data"]
        source = TypeAdapter(Source).validate_python(found["source"], strict=True)
        submission_id = TypeAdapter(SubmissionId).validate_python(data["submission_id"], strict=True)
        index = TypeAdapter(IndexId).validate_python(data["index"], strict=True)
        said = json.dumps(found | {"id": "", "time": ""}, sort_keys=True).encode()
    except (ValueError, TypeError, KeyError):
        return None
    return Asked(answer_id(source, submission_id, f"unusable:{sha256_hex(said)}"), source, submission_id, index, None)


def _first_words(error: ValidationError) -> str:
    return "; ".join(f"{'.'.join(map(str, one['loc']))} {one['msg']}".strip() for one in error.errors()[:5])


def _refuse(code: str, expected: str, value: str | None) -> None:
    raise BadInputError(_("The submission was refused; nothing was stored."), [Problem(code, expected, value=value)])
