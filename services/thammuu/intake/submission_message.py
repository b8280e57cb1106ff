"""What another system puts on Kafka to have scores published."""

from __future__ import annotations

import binascii
from base64 import b64decode
from datetime import date, datetime
from typing import Annotated, ClassVar, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from thammuu.canonical import content_hash, derived_id, sha256_hex

TYPE = "thammuu.scores.submitted"
INLINE_BYTES = 1_000_000
MOST_PARTS = 300
_IN_BASE64 = INLINE_BYTES * 4 // 3 + 4

Source = Annotated[str, StringConstraints(pattern=r"^[!-~]{1,200}$")]
SubmissionId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$")]
IndexId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,63}$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
_Base64 = Annotated[str, Field(max_length=_IN_BASE64, json_schema_extra={"contentEncoding": "base64"})]


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, frozen=True, extra="forbid")


class Part(_Strict):
    """One part of a file; the parts may come in any order and more than once."""

    number: int = Field(ge=1, description="from 1")
    of: int = Field(ge=1, le=MOST_PARTS, description="how many there are")
    base64: _Base64 = Field(description=f"its bytes, at most {INLINE_BYTES:,}")

    @model_validator(mode="after")
    def _possible(self) -> Self:
        if self.number > self.of:
            msg = f"part {self.number} of {self.of}"
            raise ValueError(msg)
        _decoded(self.base64)
        return self

    def content(self) -> bytes:
        """Return the part's bytes."""
        return _decoded(self.base64)


class SubmittedFile(_Strict):
    """The file with the scores: exactly one of `text`, `base64`, `part` and `uri`."""

    name: str = Field(pattern=r"^[^/\\]{1,100}$", description="as problems are to name it; visible characters")
    format: Literal["csv", "xlsx"]
    sha256: Sha256 | None = Field(default=None, description="of the whole file; needed with `part` and `uri`")
    text: str | None = Field(default=None, max_length=INLINE_BYTES, description="a CSV file's text")
    base64: _Base64 | None = Field(default=None, description=f"the file's bytes, at most {INLINE_BYTES:,}")
    part: Part | None = None
    uri: str | None = Field(default=None, max_length=2_000, description="where it lies; the operator allows places")

    @field_validator("name")
    @classmethod
    def _visible(cls, name: str) -> str:
        if not name.isprintable() or not name.strip():
            msg = "visible characters"
            raise ValueError(msg)
        return name

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        ways = [name for name in ("text", "base64", "part", "uri") if getattr(self, name) is not None]
        if len(ways) != 1:
            msg = f"exactly one of text, base64, part and uri; found {', '.join(ways) or 'none'}"
            raise ValueError(msg)
        if ways[0] in {"part", "uri"} and self.sha256 is None:
            msg = f"sha256 of the whole file is needed with {ways[0]}"
            raise ValueError(msg)
        content = self.content()
        if content is not None and self.sha256 is not None and sha256_hex(content) != self.sha256:
            msg = "sha256 is not that of the content"
            raise ValueError(msg)
        return self

    def content(self) -> bytes | None:
        """Return the bytes that the message holds; None where they are elsewhere."""
        if self.base64 is not None:
            return _decoded(self.base64)
        if self.text is None:
            return None
        return _limited(self.text.encode())


class ScoresSubmitted(_Strict):
    """Scores of one index and period, for publication; what is left out takes the default of `thammuu publish`."""

    submission_id: SubmissionId = Field(description="of the producer's own; the same one is answered once")
    index: IndexId
    period: str = Field(pattern=r"^[0-9Q-]{4,10}$", description="`2022`, `2022-Q2`, `2022-06` or `2022-06-15`")
    published_on: date | None = None
    round: str | None = Field(default=None, max_length=40)
    history: bool = Field(default=False, description="for trends only, without memos")
    partial: bool | None = Field(
        default=None, description="true for figures of some units, false for a complete publication that lacks some"
    )
    units_as_of: date | None = None
    sheet: str | None = Field(default=None, max_length=100, description="of a workbook")
    file: SubmittedFile

    def content_id(self) -> str:
        """Return the hash of what is submitted, however its bytes travel."""
        content = self.file.content()
        whole = self.file.sha256 if content is None else sha256_hex(content)
        said = self.model_dump(mode="json", exclude={"file", "submission_id"})
        return content_hash(said | {"name": self.file.name, "format": self.file.format, "sha256": whole})


class SubmittedMessage(BaseModel):
    """A CloudEvents 1.0 envelope; extension attributes are passed over."""

    model_config = ConfigDict(strict=True, frozen=True, extra="ignore")
    event_type: ClassVar[str] = TYPE

    specversion: Literal["1.0"]
    id: str = Field(min_length=1, max_length=200)
    source: Source = Field(description="who submits; with `submission_id` it names the submission")
    type: Literal["thammuu.scores.submitted"]
    subject: str | None = Field(default=None, description="the index")
    time: datetime | None = None
    datacontenttype: Literal["application/json"] = "application/json"
    data: ScoresSubmitted

    @model_validator(mode="after")
    def _same_subject(self) -> Self:
        if self.subject not in {None, self.data.index}:
            msg = "subject must be the index, or absent"
            raise ValueError(msg)
        return self

    def answer_id(self) -> str:
        """Return the id of the event that answers."""
        return answer_id(self.source, self.data.submission_id, self.data.content_id())


def answer_id(source: str, submission_id: str, content: str) -> str:
    """Return the id of the event that answers a submission with that content."""
    return derived_id("submission", source, submission_id, content)


def _decoded(text: str) -> bytes:
    try:
        return _limited(b64decode(text, validate=True))
    except binascii.Error as error:
        msg = f"not base64: {error}"
        raise ValueError(msg) from error


def _limited(content: bytes) -> bytes:
    if len(content) > INLINE_BYTES:
        msg = f"{len(content)} bytes; at most {INLINE_BYTES} in one message: send parts or a uri"
        raise ValueError(msg)
    return content
