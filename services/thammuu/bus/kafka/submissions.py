"""The consumer of what other systems submit: manual acknowledgement and faults as for every other stage."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import structlog
from sqlalchemy.exc import IntegrityError

from thammuu.bus.handling import is_transient, refusal
from thammuu.bus.inbox import set_aside
from thammuu.bus.topics import SUBMISSIONS
from thammuu.ledger.database import TryAgainError

if TYPE_CHECKING:
    from thammuu.bus.context import Context

EXPIRY_S = 60.0
_LOG = structlog.get_logger(__name__)


def take_once(context: Context, body: bytes, *, last_try: bool) -> None:
    """Handle a submission; what is neither publishable nor refusable is set aside with its bytes.

    Args:
        context: The program's parts.
        body: The message's value.
        last_try: Whether rows that others wrote meanwhile are a refusal by now.

    Raises:
        Exception: A transient error; nothing was changed.
        TryAgainError: If a row came to be meanwhile.
    """
    from thammuu.intake.submissions import take

    try:
        take(context, body)
    except Exception as error:
        if not last_try and isinstance(error, IntegrityError):
            raise TryAgainError(str(error.orig)) from error
        if is_transient(error):
            raise
        set_aside(context, SUBMISSIONS, body, refusal(SUBMISSIONS, "unhandled", error).reason)


async def expiring(context: Context, stop: asyncio.Event) -> None:
    """Refuse incomplete submissions whose time is over, now and then until told to stop."""
    from thammuu.intake.submission_parts import expire

    while not stop.is_set():
        try:
            await asyncio.to_thread(expire, context)
        except Exception as error:
            if not is_transient(error):
                raise
            _LOG.warning("not expired", reason=repr(error)[:300])
        try:
            await asyncio.wait_for(stop.wait(), EXPIRY_S)
        except TimeoutError:
            continue
