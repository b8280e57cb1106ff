"""Text that officials read, in both languages."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict


class Text(BaseModel):
    """A text in Vietnamese with its English edition; English falls back to Vietnamese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vi: str
    en: str | None = None

    def in_language(self, language: str) -> str:
        """Return the text in ``vi`` or ``en``."""
        return self.en if language == "en" and self.en else self.vi


def _text(value: Any) -> Any:  # noqa: ANN401  pydantic hands over raw input
    return {"vi": value} if isinstance(value, str) else value


EitherText = Annotated[Text, BeforeValidator(_text)]
"""A text of a file that may leave the English out: ``BỘ NỘI VỤ`` or ``{vi: BỘ NỘI VỤ, en: MINISTRY …}``."""
