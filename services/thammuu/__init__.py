"""Action memos from published governance scores."""

__version__ = "0.1.0"
