"""Canonical JSON is RFC 8785, whichever encoder writes it."""

from __future__ import annotations

from typing import Any

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from thammuu.canonical import canonical_json

# names beyond ASCII, letters beyond the basic plane, control characters, and numbers at the edges are all in it
TEXT = st.text(st.characters(exclude_categories=[]), max_size=20)
LEAVES = st.none() | st.booleans() | st.integers(-(2**54), 2**54) | st.floats() | TEXT
VALUES: st.SearchStrategy[Any] = st.recursive(
    LEAVES, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(TEXT, inner, max_size=5), max_leaves=25
)


def told(value: Any, by: Any) -> bytes | type[Exception]:  # noqa: ANN401  any JSON value, either encoder
    try:
        written: bytes = by(value)
    except Exception as error:  # noqa: BLE001  the same refusal is what is asked for
        return type(error)
    return written


@given(VALUES)
@example({"é": 1, "z": [True, None]})
@example({"\U0001f600": 1, "\uffff": 2})
@example(['\x00\x1f\x7f\u2028"\\/\b\f\n\r\t', "\ud800"])
@example([2**53 - 1, 2**53, -(2**53)])
@example({"a": 1.0, "b": 1e21, "c": 1e-7, "d": -0.0})
def test_every_value_is_written_as_the_reference_writes_it(value: Any) -> None:  # noqa: ANN401  any JSON value
    assert told(value, canonical_json) == told(value, rfc8785.dumps)


@pytest.mark.parametrize("value", [{1: "a"}, {"a": object()}, [b"bytes"], {"a": {1, 2}}, (1, "two", [3])])
def test_what_is_no_json_is_told_as_the_reference_tells_it(value: Any) -> None:  # noqa: ANN401  no JSON value
    assert told(value, canonical_json) == told(value, rfc8785.dumps)
