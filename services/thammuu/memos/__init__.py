"""Memos: from findings to a document that an office can sign, and its printed forms."""
