"""When several followers of one ledger may stop: once all of them are idle and nothing new was written."""

from __future__ import annotations

from contextlib import contextmanager
from threading import Condition
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator


class Rounds:
    """Counts pieces of work; idle followers wait for the next one.

    Args:
        followers: How many take part.
    """

    def __init__(self, followers: int) -> None:
        self._changed = Condition()
        self._followers = followers
        self._idle = 0
        self._over = False
        self.number = 0

    @contextmanager
    def taking_part(self) -> Iterator[None]:
        """Stop everybody when one fails or is interrupted; each finishes the batch it is at."""
        try:
            yield
        except BaseException:
            self._finish()
            raise

    def go_on(self, seen: int, *, worked: bool) -> bool:
        """Tell a follower whether to look again; waits while there is nothing new.

        Args:
            seen: The number before the follower looked.
            worked: Whether it found work.
        """
        with self._changed:
            if worked:
                self.number += 1
                self._idle = 0
                self._changed.notify_all()
            elif seen == self.number:
                self._idle += 1
                self._over = self._over or self._idle == self._followers
                self._changed.notify_all()
                self._changed.wait_for(lambda: self._over or self.number != seen)
            return not self._over

    def _finish(self) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
