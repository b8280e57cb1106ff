"""The end of a server: who is being heard out, and for how long."""

from __future__ import annotations

import asyncio
import time
from typing import Any

UPLOADS_END_WITHIN_S = 3.0


class StoppingError(Exception):
    """The server is about to end and takes in nothing more."""


class SilentError(Exception):
    """A client sends nothing for too long."""


class Stopping:
    """Set once, when the server is told to end."""

    def __init__(self) -> None:
        self._event = asyncio.Event()
        self._until = float("inf")

    def begin(self) -> None:
        """Let what is being received end soon."""
        self._until = time.monotonic() + UPLOADS_END_WITHIN_S
        self._event.set()

    async def within(self, coming: asyncio.Future[Any], silent_s: float) -> Any:  # noqa: ANN401  whatever it sends
        """Wait for something from a client.

        Args:
            coming: What the client is to send.
            silent_s: How long it may take, in seconds; less once the server is about to end.

        Raises:
            StoppingError: If the server ends first.
            SilentError: If it takes longer.
        """
        ends = asyncio.ensure_future(self._event.wait())
        try:
            await asyncio.wait({coming, ends}, timeout=silent_s, return_when=asyncio.FIRST_COMPLETED)
            if ends.done() and not coming.done():
                await asyncio.wait({coming}, timeout=max(self._until - time.monotonic(), 0.0))
            if coming.done():
                return coming.result()
            raise StoppingError if ends.done() else SilentError
        finally:
            coming.cancel()
            ends.cancel()
