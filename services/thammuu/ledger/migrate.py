"""Bring a database to the newest schema."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from alembic import command
from alembic.config import Config

if TYPE_CHECKING:
    from sqlalchemy import Connection

MIGRATIONS = Path(__file__).parent / "migrations"


def migration_config() -> Config:
    """Return the configuration that points at the shipped migration scripts."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def upgrade(connection: Connection) -> None:
    """Apply every migration that the database lacks, inside the caller's transaction."""
    config = migration_config()
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
