"""Which bucket the settings name, and by which server."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from thammuu.errors import BadInputError
from thammuu.i18n import _

if TYPE_CHECKING:
    from collections.abc import Mapping

ENDPOINT = "THAMMUU_BLOBS_ENDPOINT"
ALLOW_HTTP = "THAMMUU_BLOBS_ALLOW_HTTP"
_ENDPOINTS = (ENDPOINT, "AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL")
_KEYS = ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION")
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_PREFIX = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]*(/[A-Za-z0-9_-][A-Za-z0-9._-]*)*")
_NOTHING = SplitResult("", "", "", "", "")


@dataclass(frozen=True)
class Bucket:
    """A bucket, the folder in it, and the server that holds it (None: Amazon's own)."""

    name: str
    prefix: str | None = None
    endpoint: str | None = None

    def __str__(self) -> str:
        """Return what a message may show."""
        return f"s3://{self.name}" + (f" ({self.endpoint})" if self.endpoint else "")


def bucket_at(url: str, environment: Mapping[str, str]) -> Bucket:
    """Return the bucket that a URL and the environment's endpoint name.

    Raises:
        BadInputError: If the URL, the endpoint or a key is not usable. No message repeats what may be a secret.
    """
    parts = _split(url)
    prefix = parts.path.strip("/")
    usable = parts.scheme == "s3" and _BUCKET.fullmatch(parts.netloc) and (not prefix or _PREFIX.fullmatch(prefix))
    if not usable or parts.query or parts.fragment:
        raise BadInputError(
            _("THAMMUU_BLOBS_URL must read s3://bucket or s3://bucket/folder; keys come from AWS_ACCESS_KEY_ID.")
        )
    _check_keys(environment)
    return Bucket(parts.netloc, prefix or None, _endpoint(environment))


def _check_keys(environment: Mapping[str, str]) -> None:
    """Refuse what cannot stand in a request's header, often the line break of a file with a key: the client panics."""
    for name in _KEYS:
        value = environment.get(name, "")
        if not (value.isascii() and value.isprintable()) or " " in value:
            raise BadInputError(
                _("{name} holds a space, a line break or another sign that no key has.").format(name=name)
            )


def _endpoint(environment: Mapping[str, str]) -> str | None:
    name = next((name for name in _ENDPOINTS if environment.get(name)), None)
    if name is None:
        return None
    parts = _split(environment[name])
    plain = bool(parts.hostname) and parts.path in {"", "/"} and not (parts.query or parts.fragment or parts.username)
    if parts.scheme not in {"http", "https"} or not plain or "@" in parts.netloc:
        raise BadInputError(_("{name} must read https://host or https://host:port.").format(name=name))
    allowed = environment.get(ALLOW_HTTP, "").lower() in {"1", "true", "yes"}
    if parts.scheme == "http" and not allowed and not _is_loopback(parts.hostname or ""):
        raise BadInputError(
            _("{name} is not encrypted: use https://, or set {allow}=true.").format(name=name, allow=ALLOW_HTTP)
        )
    return f"{parts.scheme}://{parts.netloc}"


def _split(url: str) -> SplitResult:
    """Return a URL's parts; of what is no URL, empty ones."""
    try:
        parts = urlsplit(url)
        usable = parts.port != 0
    except ValueError:
        usable = False
    return parts if usable else _NOTHING


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
