"""Pieces that wait in memory or in a file."""

from __future__ import annotations

import pytest

from thammuu.spool import IN_MEMORY_BYTES, Spool


@pytest.mark.parametrize("size", [3, IN_MEMORY_BYTES])
def test_pieces_are_read_back_by_number_while_others_are_added(size: int) -> None:
    spool = Spool()
    for number in range(4):
        assert spool.add(bytes([number]) * (size + number)) == number
        assert spool[number // 2] == bytes([number // 2]) * (size + number // 2)
    assert [spool[number] for number in range(len(spool))] == [bytes([n]) * (size + n) for n in range(4)]


def test_a_piece_may_be_empty() -> None:
    spool = Spool()
    assert [spool.add(b""), spool.add(b"x"), spool.add(b"")] == [0, 1, 2]
    assert (spool[0], spool[1], spool[2]) == (b"", b"x", b"")


def test_a_number_that_was_not_given_is_refused() -> None:
    spool = Spool()
    spool.add(b"x")
    with pytest.raises(IndexError):
        spool[1]
    with pytest.raises(IndexError):
        spool[-1]
