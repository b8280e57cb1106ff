"""A TCP proxy for tests: it stands before a server and cuts the network, silently or with a bang."""

from __future__ import annotations

import asyncio
import threading
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

from servers.ports import free_port

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterator

_CHUNK = 65_536
_HOST = "127.0.0.1"


class Proxy:
    """Passes bytes on, both ways, in a thread of its own.

    Args:
        target: The server's port on the loopback address.
        port: Where clients connect; a free one if left out.
    """

    def __init__(self, target: int, port: int | None = None) -> None:
        self.target = target
        self.port = port or free_port()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._open = asyncio.Event()
        self._refusing = False
        self._passing: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None
        self.passed = 0
        """Bytes passed on so far, both ways."""

    def start(self) -> None:
        """Begin to listen."""
        self._thread.start()
        self._do(self._listen())

    def hold(self) -> None:
        """Lose the network without a word: connections stay, new ones are taken, no byte goes through."""
        self._loop.call_soon_threadsafe(self._open.clear)

    def sever(self) -> None:
        """Reset every connection and refuse new ones until healed."""
        self._do(self._sever())

    def heal(self, *, reset: bool = False) -> None:
        """Let everything through again.

        Args:
            reset: First reset the connections that were held, as a firewall that forgot them; without it their bytes
                arrive late, as TCP sends them again.
        """
        self._do(self._heal(reset=reset))

    def stop(self) -> None:
        """Close everything."""
        self._do(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _do(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(30)

    async def _listen(self) -> None:
        self._open.set()
        self._server = await asyncio.start_server(self._accept, _HOST, self.port)

    async def _sever(self) -> None:
        self._refusing = True
        await self._drop_all()

    async def _heal(self, *, reset: bool) -> None:
        if reset:
            await self._drop_all()
        self._refusing = False
        self._open.set()

    async def _close(self) -> None:
        assert self._server is not None
        self._server.close()
        await self._drop_all()

    async def _drop_all(self) -> None:
        passing = list(self._passing)
        for task in passing:
            task.cancel()
        await asyncio.gather(*passing, return_exceptions=True)

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._refusing:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._serve(reader, writer))
        self._passing.add(task)
        task.add_done_callback(self._passing.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there: asyncio.StreamWriter | None = None
        try:
            await self._open.wait()
            back, there = await asyncio.open_connection(_HOST, self.target)
            await asyncio.gather(self._pump(reader, there), self._pump(back, writer))
        except (OSError, EOFError):
            pass  # one side is gone: so is the other
        finally:
            for end in (writer, there):
                if end is not None:
                    end.transport.abort()

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        while data := await source.read(_CHUNK):
            await self._open.wait()
            sink.write(data)
            self.passed += len(data)
            await sink.drain()
        await self._open.wait()
        raise EOFError


@contextmanager
def before(target: int, port: int | None = None) -> Iterator[Proxy]:
    """Run a proxy before a server's port."""
    proxy = Proxy(target, port)
    proxy.start()
    try:
        yield proxy
    finally:
        with suppress(RuntimeError):
            proxy.stop()
