"""Texts that try to be more than text."""

HOSTILE = (
    '<script>alert("x")</script>',
    '#read("/etc/passwd")',
    "{{ 7 * 7 }}{% for x in y %}",
    "{_{ 7 }_} {_% x %_} {{p x }} {%tr y %}",
    "$x^2$ *bold* _it_ `raw` @ref \\u{41}",
    "emoji 🚀 and 漢字",
    "W" * 400,
    "=cmd|' /C calc'!A0",
    '{ INCLUDETEXT "C:\\\\secret.txt" } { DDEAUTO c:\\\\x }',
    "</w:t></w:r></w:p><w:p/>",
    "]]> <!-- &amp; &lt; ' \"",
)
LONGEST = f"{'nội dung của ô ' * 3600}cuối"
