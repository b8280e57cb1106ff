"""Text that officials read, in both languages."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict


class Text(BaseModel):
    """A text in Vietnamese with its English edition; English falls back to Vietnamese."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    vi: str
    en: str | None = None

    def in_language(self, language: str) -> str:
        """Return the text in ``vi`` or ``en``."""
        return self.en if language == "en" and self.en else self.vi
