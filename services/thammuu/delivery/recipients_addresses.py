"""What is wrong with a recipient's address, as the channel says that would write to it."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from thammuu.errors import BadInputError
from thammuu.i18n import _

if TYPE_CHECKING:
    from thammuu.bus.context import Context

AddressCheck = Callable[[str], str | None]
"""Returns what is wrong with an address, in words that do not repeat it, or None."""


def address_checks(context: Context) -> dict[str, AddressCheck]:
    """Return the check of each channel, and of what signs webhooks; where a channel is not set up, of the form alone.

    Args:
        context: The program's parts.

    Raises:
        BadInputError: If what is set for a channel is wrong.
    """
    from thammuu.delivery.channels import channels_of
    from thammuu.delivery.channels.chat_schemes import fault_of_form

    made = channels_of(context)
    # the channel `file` writes the mails that would be sent, so it knows their addresses without a mail server
    return {
        "email": made.get("email", made["file"]).check,
        "chat": made["chat"].check if "chat" in made else fault_of_form,
        "webhook": made["webhook"].check if "webhook" in made else _webhook,
        "webhook_secret": _secret,
    }


def _webhook(address: str) -> str | None:
    return None if re.fullmatch(r"https?://[^\s@/]+(?:/\S*)?", address) else _("an address such as https://host/hook")


def _secret(secret: str) -> str | None:
    from thammuu.delivery.channels.webhook import signed

    try:
        signed("check", datetime.fromtimestamp(0, UTC), b"", secret)
    except BadInputError as error:
        return str(error)
    return None
