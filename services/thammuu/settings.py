"""Settings from the environment (``THAMMUU_…``) and the command line."""

from __future__ import annotations

from pathlib import Path

from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Where the data lives and who writes the memos.

    Attributes:
        data: The data folder (``THAMMUU_DATA``).
        issuer: The issuing body's file name in ``rules/issuers`` (``THAMMUU_ISSUER``).
        verify_address: Where a reader of a memo can check it; printed in its provenance line when set.
    """

    model_config = SettingsConfigDict(env_prefix="THAMMUU_", extra="ignore", frozen=True)

    data: Path = Path("thammuu-data")
    issuer: str = "bo-noi-vu"
    verify_address: str = ""
