"""The channels, one small file each; what a channel must do is ``delivery/ports.py``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

    from thammuu.bus.context import Context
    from thammuu.delivery.ports import Channel


def channels_of(context: Context) -> dict[str, Channel]:
    """Return the channels that the settings set up, by name.

    Args:
        context: The program's parts.

    Raises:
        BadInputError: If what is set for a channel is wrong.
    """
    made = {name: make(context) for name, make in _TABLE.items()}
    return {name: channel for name, channel in made.items() if channel is not None}


def _email(context: Context) -> Channel | None:
    if context.settings.smtp_host is None:
        return None
    from thammuu.delivery.channels.email import EmailChannel

    return EmailChannel(context.settings, context.clock)


def _file(context: Context) -> Channel | None:
    from thammuu.delivery.channels.file import FileChannel

    return FileChannel(context.settings, context.clock)


_TABLE: Final[dict[str, Callable[[Context], Channel | None]]] = {"email": _email, "file": _file}
"""How each channel is made; None where nothing is set for it."""
