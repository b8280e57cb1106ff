"""YAML files whose every value knows its line and column, so that a problem can say where it is."""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from thammuu.errors import BadInputError, Place, Problem
from thammuu.i18n import _
from thammuu.printable import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from pydantic_core import ErrorDetails

Steps = tuple[str | int, ...]
"""The way to a value: keys of mappings and positions in lists."""

_Model = TypeVar("_Model", bound=BaseModel)

MAX_BYTES = 4_000_000
MAX_DEPTH = 40


@dataclass(frozen=True)
class Document:
    """One YAML file as plain values.

    Args:
        file: The name to show in problems.
        data: Dicts, lists, strings, numbers, booleans, dates and None.
        marks: Line and column, from 1, of each value.
        problems: What is wrong with the YAML itself.
    """

    file: str
    data: Any
    marks: dict[Steps, tuple[int, int]] = field(default_factory=dict)
    problems: tuple[Problem, ...] = ()

    def place(self, steps: Iterable[str | int] = ()) -> Place:
        """Return where a value stands, or the nearest value around it."""
        way = tuple(steps)
        while way and way not in self.marks:
            way = way[:-1]
        line, column = self.marks.get(way, (1, 1))
        return Place(file=self.file, line=line, column=column)

    def problem(self, code: str, expected: str, steps: Iterable[str | int] = (), **more: Any) -> Problem:  # noqa: ANN401
        """Return a problem at a value; ``more`` goes to :class:`Problem`."""
        if isinstance(more.get("value"), str):
            more["value"] = printable(more["value"])
        return Problem(code=code, expected=expected, place=self.place(steps), **more)


class _Reader:
    """Turns composed nodes into plain values and notes where each stands."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.marks: dict[Steps, tuple[int, int]] = {}
        self.problems: list[Problem] = []
        self._seen: set[int] = set()
        self._scalars = yaml.SafeLoader("")

    def value(self, node: yaml.Node, way: Steps) -> Any:  # noqa: ANN401  any YAML value
        self.marks[way] = (node.start_mark.line + 1, node.start_mark.column + 1)
        if id(node) in self._seen or len(way) > MAX_DEPTH:
            self._add("yaml-alias", _("a value written out in full, not an alias (*name)"), node)
            return None
        self._seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, way)
        if isinstance(node, yaml.SequenceNode):
            return [self.value(item, (*way, position)) for position, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: yaml.Node) -> Any:  # noqa: ANN401  any YAML scalar
        try:
            return self._scalars.construct_object(node)
        except (yaml.YAMLError, ValueError):
            self._add("yaml-value", _("a value YAML can read; put text in quotes"), node, str(node.value))
            return None

    def _mapping(self, node: yaml.MappingNode, way: Steps) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for key_node, item in node.value:
            if not isinstance(key_node, yaml.ScalarNode):
                self._add("yaml-key", _("a key that is one word or text"), key_node)
                continue
            key = str(key_node.value)
            if key in found:
                self._add("yaml-duplicate-key", _("each key once"), key_node, key)
            found[key] = self.value(item, (*way, key))
        return found

    def _add(self, code: str, expected: str, node: yaml.Node, value: str | None = None) -> None:
        place = Place(file=self.file, line=node.start_mark.line + 1, column=node.start_mark.column + 1)
        self.problems.append(
            Problem(code=code, expected=expected, place=place, value=None if value is None else printable(value))
        )


def parse_yaml(text: str, file: str) -> Document:
    """Read YAML text; what cannot be read becomes problems of the document, never an exception."""
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        too_deep = _too_deep(text, file, loader)
        if too_deep:
            return Document(file=file, data=None, problems=(too_deep,))
        node = yaml.compose(text, Loader=loader)
    except (yaml.YAMLError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(file=file, line=mark.line + 1 if mark else 1, column=mark.column + 1 if mark else 1)
        why = getattr(error, "problem", None) or getattr(error, "reason", None) or type(error).__name__
        found = Problem(code="yaml-syntax", expected=_("readable YAML ({why})").format(why=why), place=place)
        return Document(file=file, data=None, problems=(found,))
    if node is None:
        return Document(file=file, data=None)
    reader = _Reader(file)
    data = reader.value(node, ())
    return Document(file=file, data=data, marks=reader.marks, problems=tuple(reader.problems))


def _too_deep(text: str, file: str, loader: Any) -> Problem | None:  # noqa: ANN401  either of YAML's loaders
    """Return a problem at the first value or key nested too deep; composing it would exhaust the stack."""
    depth = 0
    for event in yaml.parse(text, Loader=loader):
        depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
        if depth > MAX_DEPTH:
            mark = event.start_mark
            place = Place(file=file, line=mark.line + 1, column=mark.column + 1) if mark else Place(file=file)
            return Problem("yaml-depth", _("at most {n} lists and mappings in one another").format(n=MAX_DEPTH), place)
    return None


def yaml_files(folder: Path, *, least: int = 1) -> list[Path]:
    """Return the ``*.yaml`` files of a folder in order of their names.

    Raises:
        BadInputError: If the folder is missing, holds fewer than ``least``, or has files named ``*.yml``.
    """
    place = Place(file=printable(str(folder)))
    problems: list[Problem] = []
    if not folder.is_dir():
        problems.append(Problem("folder-missing", _("a folder of .yaml files"), place))
    found = sorted(folder.glob("*.yaml"))
    others = sorted(folder.glob("*.yml"))
    problems += [
        Problem("file-name", _("a name ending in .yaml"), Place(file=printable(str(path))), path.name)
        for path in others
    ]
    if not problems and len(found) < least:
        problems.append(Problem("folder-empty", _("a folder of .yaml files; this one has none"), place))
    if problems:
        raise BadInputError(_("The files of {folder} cannot be used.").format(folder=folder), problems)
    return found


def read_yaml(path: Path) -> Document:
    """Read a YAML file.

    Raises:
        BadInputError: If the file is missing, no regular file, too large or not UTF-8.
    """
    place = Place(file=printable(str(path)))
    try:
        text = _content(path, place).decode("utf-8-sig")
    except OSError as error:
        missing = Problem("file-unreadable", _("a file that can be read"), place, error.strerror)
        raise BadInputError(_("{file} cannot be read.").format(file=path), [missing]) from error
    except UnicodeDecodeError as error:
        wrong = Problem("file-encoding", _("UTF-8 text"), place)
        raise BadInputError(_("{file} is not UTF-8 text.").format(file=path), [wrong]) from error
    return parse_yaml(text, str(path))


def _content(path: Path, place: Place) -> bytes:
    status = os.stat(path)  # noqa: PTH116  a pipe or device must be seen before it is opened
    if not stat.S_ISREG(status.st_mode):
        strange = Problem("file-unreadable", _("a regular file, not a folder, pipe or device"), place)
        raise BadInputError(_("{file} cannot be read.").format(file=path), [strange])
    if status.st_size > MAX_BYTES:
        too_large = Problem("file-size", _("at most {n} bytes").format(n=MAX_BYTES), place, str(status.st_size))
        raise BadInputError(_("{file} is too large.").format(file=path), [too_large])
    with path.open("rb") as stream:
        return stream.read(MAX_BYTES)


def validate(document: Document, model: type[_Model]) -> tuple[_Model | None, list[Problem]]:
    """Check a document against a pydantic model; all problems at once, each with its place."""
    if document.data is None and document.problems:
        return None, list(document.problems)
    try:
        return model.model_validate(document.data), list(document.problems)
    except ValidationError as error:
        found = [_schema_problem(document, model, detail) for detail in error.errors(include_url=False)]
        return None, [*document.problems, *found]


def _schema_problem(document: Document, model: type[BaseModel], detail: ErrorDetails) -> Problem:
    way = _real_steps(document.data, detail["loc"])
    expected = _expectations().get(detail["type"], _other)(detail)
    if detail["type"] == "extra_forbidden":
        expected = _unknown_key(str(way[-1]), _keys_at(model, way[:-1]))
    value = detail["input"] if isinstance(detail["input"], str | int | float) else None
    last = next((str(step) for step in reversed(detail["loc"]) if isinstance(step, str)), None)
    shown = last if detail["type"] in ("missing", "extra_forbidden") else None if value is None else str(value)
    return document.problem(f"schema-{detail['type'].replace('_', '-')}", expected, way, value=shown)


def _expectations() -> dict[str, Callable[[ErrorDetails], str]]:
    return {
        "missing": lambda detail: _("the key {key}").format(key=detail["loc"][-1]),
        "string_type": lambda _detail: _("text; put codes and numbers that are names in quotes"),
        "float_type": lambda _detail: _("a number, with a decimal point and without quotes"),
        "float_parsing": lambda _detail: _("a number, with a decimal point and without quotes"),
        "finite_number": lambda _detail: _("a finite number"),
        "literal_error": lambda detail: _("one of {choices}").format(choices=detail.get("ctx", {}).get("expected")),
        "model_type": lambda _detail: _("keys and values, one a line"),
        "list_type": lambda _detail: _("a list"),
        "dict_type": lambda _detail: _("keys and values, one a line"),
    }


def _other(detail: ErrorDetails) -> str:
    return detail["msg"].removeprefix("Value error, ")


def _unknown_key(key: str, known: list[str]) -> str:
    close = nearest(key, known, limit=1)
    if close:
        return _("no key {key}: did you mean {nearest}?").format(key=key, nearest=close[0])
    return _("one of the keys {keys}").format(keys=", ".join(known))


def nearest(word: str, choices: Iterable[str], *, limit: int = 3, cutoff: float = 60) -> list[str]:
    """Return the choices most like a word, best first."""
    from rapidfuzz import fuzz, process

    found = process.extract(word, list(choices), scorer=fuzz.WRatio, limit=limit, score_cutoff=cutoff)
    return [choice for choice, _score, _position in found]


def _real_steps(data: Any, loc: Iterable[str | int]) -> Steps:  # noqa: ANN401  any YAML value
    """Drop the steps pydantic adds for unions, which are not in the file; keep a missing or unknown last key."""
    way: list[str | int] = []
    here = data
    for step in loc:
        if isinstance(here, dict):
            if step not in here:
                continue
        elif not isinstance(here, list) or not isinstance(step, int):
            continue
        way.append(step)
        here = here[step]
    return tuple(way)


def _keys_at(model: type[BaseModel], way: Steps) -> list[str]:
    """Return the keys a model knows at a place of the document."""
    models = [model]
    for step in way:
        if isinstance(step, int):
            continue
        fields = [m.model_fields[step].annotation for m in models if step in m.model_fields]
        models = [inner for annotation in fields for inner in _models_in(annotation)] or models
    return sorted({field.alias or key for m in models for key, field in m.model_fields.items()})


def _models_in(annotation: Any) -> list[type[BaseModel]]:  # noqa: ANN401  any annotation
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for part in get_args(annotation) for model in _models_in(part)]


def refuse(problems: Iterable[Problem], message: Callable[[], str]) -> None:
    """Raise for the problems that are errors, if any; warnings pass.

    Raises:
        BadInputError: With all problems.
    """
    every = in_file_order(problems)
    if any(one.severity == "error" for one in every):
        raise BadInputError(message(), every)


def in_file_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return problems sorted by file, line and column."""

    def key(one: Problem) -> tuple[str, int, int]:
        column = one.place.column
        return (one.place.file or "", one.place.line or 0, column if isinstance(column, int) else 0)

    return sorted(problems, key=key)
