"""Every sentence that a person sees is in the Vietnamese catalogue, whole and up to date."""

import ast
import gettext
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import thammuu

PACKAGE = Path(thammuu.__file__).parent
FOLDER = PACKAGE / "locales" / "vi" / "LC_MESSAGES"
AGAIN = "; run the catalogue commands of docs/contributing.md"


def messages(catalogue: Catalog) -> dict[str, Message]:
    return {str(message.id): message for message in catalogue if message.id}


def placeholders(text: str) -> list[str]:
    return sorted(re.findall(r"\{[^{}]*\}", text))


def calls(tree: ast.AST) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "_":
            yield node


@pytest.fixture(scope="module")
def catalogue() -> dict[str, Message]:
    with (FOLDER / "thammuu.po").open("rb") as file:
        return messages(read_po(file, locale="vi"))


@pytest.fixture(scope="module")
def marked() -> set[str]:
    found = extract_from_dir(PACKAGE, method_map=[("**.py", "python")], keywords={"_": None})
    return {str(text) for _file, _line, text, _comments, _context in found}


def test_the_catalogue_has_every_sentence_of_the_program_and_no_other(
    marked: set[str], catalogue: dict[str, Message]
) -> None:
    assert marked - catalogue.keys() == set(), "not in the catalogue" + AGAIN
    assert catalogue.keys() - marked == set(), "no longer in the program" + AGAIN


def test_every_sentence_is_translated_and_none_is_a_guess(catalogue: dict[str, Message]) -> None:
    assert [text for text, message in catalogue.items() if not message.string or message.fuzzy] == []


def test_a_translation_has_the_placeholders_of_its_sentence(catalogue: dict[str, Message]) -> None:
    differing = [text for text, message in catalogue.items() if placeholders(text) != placeholders(str(message.string))]
    assert differing == []


def test_the_compiled_catalogue_is_that_of_the_text(catalogue: dict[str, Message]) -> None:
    with (FOLDER / "thammuu.mo").open("rb") as file:
        compiled = gettext.GNUTranslations(file)
    stale = [text for text, message in catalogue.items() if compiled.gettext(text) != message.string]
    assert stale == [], "compiled before its text" + AGAIN


def test_only_whole_sentences_are_marked_so_that_extraction_finds_them() -> None:
    built = [
        f"{path.relative_to(PACKAGE)}:{call.lineno}"
        for path in PACKAGE.rglob("*.py")
        for call in calls(ast.parse(path.read_text(encoding="utf-8")))
        if not (len(call.args) == 1 and isinstance(call.args[0], ast.Constant))
    ]
    assert built == []
