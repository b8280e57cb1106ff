"""A message of at most 1,500 characters, cut by lines and words."""

from __future__ import annotations

MAX_MESSAGE = 1500
_LINE_LENGTHS = (400, 300, 240, 180, 140, 100)


def fitted(message: str) -> str:
    """Return a message's lines within the limit: long lines shortened first, then lines before the last left out.

    The first line says what the memo is, the last one where it is.
    """
    lines = [line for line in message.splitlines() if line.strip()]
    if _size(lines) <= MAX_MESSAGE:
        return "\n".join(lines)
    link = lines[-1] if len(lines) > 1 and len(lines[-1]) < MAX_MESSAGE // 2 else ""
    kept = lines[:-1] if link else lines
    for length in _LINE_LENGTHS:
        shorter = [_shortened(line, length) for line in kept]
        if _size([*shorter, link]) <= MAX_MESSAGE:
            break
    while _size([*shorter, link]) > MAX_MESSAGE:
        shorter.pop()
    return "\n".join([*shorter, link]).rstrip()


def _size(lines: list[str]) -> int:
    return sum(len(line) + 1 for line in lines)


def _shortened(line: str, length: int) -> str:
    if len(line) <= length:
        return line
    head = line[: length - 1]
    return f"{head.rpartition(' ')[0] or head}…"
