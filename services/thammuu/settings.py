"""Settings from the environment (``THAMMUU_…``) and the command line."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the data lives and who writes the memos.

    Attributes:
        data: The data folder (``THAMMUU_DATA``).
        issuer: The issuing body's file name in ``rules/issuers`` (``THAMMUU_ISSUER``).
    """

    model_config = SettingsConfigDict(env_prefix="THAMMUU_", env_ignore_empty=True, extra="ignore", frozen=True)

    data: Path = Path("thammuu-data")
    issuer: str = "bo-noi-vu"
