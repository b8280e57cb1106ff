"""Where the shipped rules, templates and examples are: the user's copies, the wheel's, or the checkout's."""

from __future__ import annotations

import os
from pathlib import Path

_PACKAGE = Path(__file__).parent
_WHEEL = _PACKAGE / "_shipped"
_CHECKOUT = _PACKAGE.parent.parent


def _shipped(name: str) -> Path:
    in_wheel = _WHEEL / name
    return in_wheel if in_wheel.is_dir() else _CHECKOUT / name


def rules_folder() -> Path:
    """Return the rules folder: ``THAMMUU_RULES`` or the shipped one."""
    return Path(os.environ.get("THAMMUU_RULES") or _shipped("rules"))


def templates_folder() -> Path:
    """Return the templates folder: ``THAMMUU_TEMPLATES`` or the shipped one."""
    return Path(os.environ.get("THAMMUU_TEMPLATES") or shipped_templates())


def shipped_templates() -> Path:
    """Return the templates folder that came with the program."""
    return _shipped("templates")


def examples_folder() -> Path:
    """Return the folder of example scores that the demo publishes."""
    return _shipped("examples")
