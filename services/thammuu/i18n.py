"""Translated sentences: English in the code, Vietnamese from the catalogue, chosen by the environment."""

from __future__ import annotations

import gettext
import os
from functools import lru_cache
from pathlib import Path

_LOCALES = Path(__file__).parent / "locales"


@lru_cache(maxsize=4)
def _catalogue(language: str) -> gettext.NullTranslations:
    return gettext.translation("thammuu", _LOCALES, languages=[language], fallback=True)


def language() -> str:
    """Return ``vi`` or ``en``: THAMMUU_LANG, else LC_ALL, LC_MESSAGES, LANG; English when unset."""
    for name in ("THAMMUU_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        value = os.environ.get(name)
        if value:
            return "vi" if value.lower().startswith("vi") else "en"
    return "en"


def _(message: str) -> str:
    """Return the sentence in the user's language."""
    return _catalogue(language()).gettext(message)
