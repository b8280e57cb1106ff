"""The chat services that addresses may name, each with its vendor's page, and what their answers mean."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import parse_qsl

from thammuu.delivery.hosts import host_of
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Callable

    from thammuu.delivery.outbound import Reply


@dataclass(frozen=True, slots=True)
class Scheme:
    """One chat service.

    Args:
        library: The module and class of apprise.
        page: Where the vendor says what answers mean.
        hosts: The vendor's hosts for an address; of services that offices run themselves, the address names it.
        options: What may stand after the question mark. Others make the library read files, skip checks or repeat.
        targets: The rooms and people of an address.
        markdown: Whether the service reads Markdown always.
    """

    library: str
    page: str
    hosts: Callable[[Any], tuple[str, ...]]
    options: frozenset[str] = frozenset()
    targets: Callable[[Any], int] = len
    markdown: bool = False


def _named(plugin: Any) -> tuple[str, ...]:  # noqa: ANN401  plugins share no type
    return (str(plugin.host),)


def _always(host: str) -> Callable[[Any], tuple[str, ...]]:
    return lambda _plugin: (host,)


def _slack_host(plugin: Any) -> tuple[str, ...]:  # noqa: ANN401
    gov = "slack-gov" if "gov" in str(plugin.mode) else "slack"
    return (f"{gov}.com",) if plugin.mode == "bot" else (f"hooks.{gov}.com",)


def _matrix_rooms(plugin: Any) -> int:  # noqa: ANN401
    """Count rooms by id.

    With a name and password the library would log in for each message, or even register; for a person or an alias that
    nobody has it would make a room.
    """
    named = plugin.user or plugin.users or any(not one.startswith("!") for one in plugin.rooms)
    return 0 if named else len(plugin.rooms)


_MATRIX = Scheme(
    "matrix.NotifyMatrix",
    "https://spec.matrix.org/latest/client-server-api/#standard-error-response",
    _named,
    targets=_matrix_rooms,
)
_MATTERMOST = Scheme(
    "mattermost.NotifyMattermost",
    "https://developers.mattermost.com/integrate/webhooks/incoming/",
    _named,
    frozenset({"to", "channel"}),
)
_JSON = Scheme("custom_json.NotifyJSON", "https://appriseit.com/services/json/", _named)
_WORKFLOW = Scheme(
    "workflows.NotifyWorkflows",
    "https://learn.microsoft.com/en-us/microsoftteams/platform/webhooks-and-connectors/how-to/connectors-using",
    _named,
    frozenset({"pa", "powerautomate", "route", "workflow", "id", "signature", "sig", "api-version", "ver"}),
    markdown=True,
)
SCHEMES: Final = {
    "tgram": Scheme(
        "telegram.NotifyTelegram",
        "https://core.telegram.org/bots/api#making-requests",
        _always("api.telegram.org"),
        frozenset({"topic", "thread"}),
        targets=lambda plugin: len(plugin.targets),
    ),
    "slack": Scheme(
        "slack.NotifySlack",
        "https://docs.slack.dev/reference/methods/chat.postMessage#errors",
        _slack_host,
        targets=lambda plugin: len(plugin.channels),
    ),
    "workflow": _WORKFLOW,
    "workflows": _WORKFLOW,
    "mmost": _MATTERMOST,
    "mmosts": _MATTERMOST,
    "matrix": _MATRIX,
    "matrixs": _MATRIX,
    "zalo": Scheme(
        "zalo.NotifyZalo",
        "https://bot.zapps.me/docs/error-code/",
        _always("bot-api.zaloplatforms.com"),
        targets=lambda plugin: len(plugin.targets) + len(plugin.invalid_targets),
    ),
    "json": _JSON,
    "jsons": _JSON,
}
_PAGE: Final = 300
_HOSTILE: Final = re.compile(r"[^!-~]|[,;\\]")
_PLAIN: Final = frozenset({"mmost", "matrix", "json"})
_BUSY: Final = re.compile(
    r"ratelimited|rate_limited|internal_error|fatal_error|service_unavailable|request_timeout|team_added_to_org"
)
"""Errors that Slack reports with status 200 and that pass."""


def scheme_of(address: str) -> str:
    """Return the part of an address before ``://`` in lower case."""
    return address.partition("://")[0].lower()


def fault_of_form(address: str) -> str | None:
    """Return what is wrong with how an address is written, in words, or None."""
    scheme = SCHEMES.get(scheme_of(address))
    if scheme is None:
        return _("a chat address of one of {schemes}").format(schemes=", ".join(f"{one}://" for one in SCHEMES))
    # apprise reads several addresses out of one text where commas or spaces stand, and options after semicolons
    if _HOSTILE.search(address) or address.count("://") != 1:
        return _("the address is none")
    # a room may begin with the sign that ends a query elsewhere, so the query is not looked for as in other addresses
    query = address.partition("?")[2]
    if {name for name, _value in parse_qsl(query, keep_blank_values=True)} - scheme.options:
        allowed = ", ".join(sorted(scheme.options)) or "-"
        return _("the address has an option that is not allowed; allowed are: {names}").format(names=allowed)
    return None


def opened(address: str) -> Any:  # noqa: ANN401  plugins share no type
    """Return what sends to an address, or None where it is none of its service.

    Only the modules of the services above are ever loaded, not the hundreds that the library looks through by itself.

    Args:
        address: Of a good form.
    """
    from apprise import AppriseAsset

    scheme = scheme_of(address)
    module, name = SCHEMES[scheme].library.split(".")
    plugin = getattr(import_module(f"apprise.plugins.{module}"), name)
    asset = AppriseAsset(
        app_id="thammuu",
        app_desc="",
        app_url="",
        image_url_mask="",
        image_url_logo="",
        http_redirects=False,
        storage_mode="memory",
        interpret_emojis=False,
        interpret_escapes=False,
    )
    try:
        parts = plugin.parse_url(address.replace("/#", "/%23"))
        # keys that nobody keeps are of no use to those who would read; ids of new rooms name no server
        plain = {"e2ee": False, "hsreq": False} if module == "matrix" else {}
        made = plugin(**parts | plain, asset=asset) if parts else None
    except Exception:  # noqa: BLE001  its text may hold the address
        return None
    if made is not None:
        # the sender keeps the pace, and does not sleep for as long as any server likes
        made.throttle, made.default_retries = _at_once, 1
    return made


def _at_once(*_last: object, **_wait: object) -> None:
    """Wait for nothing between requests."""


def urls_of(plugin: Any, scheme: str) -> list[str]:  # noqa: ANN401
    """Return where the messages of an address go, as far as the host tells."""
    kind = "http" if scheme in _PLAIN else "https"
    hosts = (host_of(one) for one in SCHEMES[scheme].hosts(plugin))
    return [f"{kind}://[{one}]/" if one and ":" in one else f"{kind}://{one or '?'}/" for one in hosts]


def said(reply: Reply) -> str:
    """Return why a service refuses, in its own words: the error field of its JSON, or a short plain answer."""
    try:
        told = json.loads(reply.body)
    except (ValueError, RecursionError):
        # longer ones are pages for people
        return reply.body.decode("utf-8", "replace") if len(reply.body) < _PAGE else ""
    if not isinstance(told, dict):
        return ""
    return " ".join(str(told[name]) for name in ("error", "errcode", "description", "message") if told.get(name))


def asked_wait_s(reply: Reply) -> float | None:
    """Return how long a service asks to wait beside Retry-After: Telegram and Matrix say it in their JSON."""
    try:
        told = json.loads(reply.body)
        if "retry_after_ms" in told:
            return float(told["retry_after_ms"]) / 1_000
        return float(told["parameters"]["retry_after"])
    except (ValueError, TypeError, KeyError, OverflowError, RecursionError):
        return None


def passes(reason: str) -> bool:
    """Tell whether an error that came with status 200 passes by itself."""
    return _BUSY.search(reason) is not None
