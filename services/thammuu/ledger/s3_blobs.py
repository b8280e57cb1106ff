"""Large payloads as objects of an S3 bucket, named by their SHA-256."""

from __future__ import annotations

import re
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, BinaryIO

from thammuu.errors import EnvironmentFaultError
from thammuu.i18n import _
from thammuu.ledger.blobs import checked, missing, name_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from obstore.store import S3Config, S3Store

    from thammuu.ledger.s3_bucket import Bucket

_KEY = re.compile(r"([0-9a-f]{2})/([0-9a-f]{62})")
_CODE = re.compile(r"<Code>(\w{1,60})</Code>")
_STATUS = re.compile(r"status: (\d{3})")
# https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html
_KEYS_REFUSED = frozenset(
    ("AccessDenied", "ExpiredToken", "InvalidAccessKeyId", "InvalidToken", "SignatureDoesNotMatch", "401", "403")
)
# Without keys in the environment the client asks the machine's own metadata service for some.
_ASKED_FOR_KEYS = re.compile(r"//169\.254\.|/latest/(api/token|meta-data/)")
_CUT_OFF = re.compile(r"kind: (Connect|Interrupted)")
_RETRIES = 3


def store_of(bucket: Bucket, timeout_s: float) -> S3Store:
    """Return the client of a bucket, with the keys of the environment."""
    from obstore.store import S3Store

    timeout = timedelta(seconds=timeout_s)
    config: S3Config = {"virtual_hosted_style_request": False, "unsigned_payload": False}
    if bucket.endpoint:
        config["aws_endpoint_url_s3"] = bucket.endpoint
    return S3Store(
        bucket.name,
        config=config,
        prefix=bucket.prefix,
        client_options={
            "allow_http": (bucket.endpoint or "").startswith("http:"),
            "connect_timeout": min(timeout, timedelta(seconds=5)),
            "timeout": timeout,
        },
        retry_config={"max_retries": _RETRIES, "retry_timeout": timeout},
    )


class S3Blobs:
    """Blobs in a bucket: ``prefix/ab/cdef…``. A whole object appears at once or not at all."""

    def __init__(self, bucket: Bucket, timeout_s: float = 60) -> None:
        self._bucket = bucket
        self._store = store_of(bucket, timeout_s)

    def put(self, content: bytes | BinaryIO) -> str:
        """Store bytes, or those of a file, and return their name; the server has them for good once this returns.

        Raises:
            EnvironmentFaultError: If the server cannot be reached or refuses; another attempt may succeed.
        """
        name = name_of(content)
        with self._told():
            # Asked first: If-None-Match lets a server hang up amid a large upload (versitygw did so on 1 of 4).
            if not self._has(name):
                self._store.put(_key(name), content, use_multipart=False)
        return name

    def get(self, name: str) -> bytes:
        """Return a blob's bytes, checked against its name.

        Raises:
            EnvironmentFaultError: If it is missing or damaged, or the server cannot be reached.
        """
        with self._told():
            try:
                content = self._store.get(_key(name)).bytes().to_bytes()
            except FileNotFoundError as error:
                if _code(str(error)) == "NoSuchKey":
                    raise missing(name) from None
                raise
        return checked(name, content)

    def names(self) -> Iterator[str]:
        """Yield the names of all stored blobs; other objects of the bucket are none of ours."""
        with self._told():
            for page in self._store.list():
                for item in page:
                    if found := _KEY.fullmatch(item["path"]):
                        yield found[1] + found[2]

    def remove(self, name: str) -> None:
        """Delete a blob that nothing names any more."""
        with self._told():
            self._store.delete(_key(name))

    def unfinished(self) -> list[Path]:
        """Return nothing: an upload that was cut leaves nothing behind."""
        return []

    def _has(self, name: str) -> bool:
        try:
            self._store.head(_key(name))
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _told(self) -> Iterator[None]:
        """Turn the client's errors, whose texts show requests and keys' names, into sentences of ours."""
        from obstore.exceptions import BaseError

        try:
            yield
        except (BaseError, FileNotFoundError) as error:
            raise EnvironmentFaultError(self._fault(str(error))) from None

    def _fault(self, text: str) -> str:
        code = _code(text)
        if _ASKED_FOR_KEYS.search(text):
            message = _("No keys were found for {bucket}: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.")
        elif _CUT_OFF.search(text):
            message = _("The file store {bucket} cannot be reached.")
        elif "kind: Timeout" in text:
            message = _("The file store {bucket} did not answer in time.")
        elif code == "NoSuchBucket":
            message = _("The bucket {bucket} does not exist.")
        elif code in _KEYS_REFUSED:
            message = _("The file store {bucket} does not let these keys in ({code}).")
        else:
            message = _("The file store {bucket} does not work now ({code}).")
        return message.format(bucket=self._bucket, code=code)


def _key(name: str) -> str:
    return f"{name[:2]}/{name[2:]}"


def _code(text: str) -> str:
    """Return the server's own word for a fault, or the number of its answer."""
    found = _CODE.search(text) or _STATUS.search(text)
    return found[1] if found else "?"
