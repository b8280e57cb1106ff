"""Chat messages: what programs would obey is broken, what people read stays."""

import pytest

from thammuu.delivery.channels.chat_text import JOINER, as_markdown, neutral

LINK = "https://cchc.hanam.example/memos/ha_nam-2022"


def visible(text: str) -> str:
    return text.replace(JOINER, "")


@pytest.mark.parametrize(
    "hostile",
    [
        "@everyone",
        "@channel @here @all @room",
        "＠everyone",
        "<!channel>",
        "<@U024BE7LH>",
        "<at>all</at>",
        "<b>đậm</b>",
        "<a href='https://evil.example'>Sở Nội vụ</a>",
        "[Sở Nội vụ](https://evil.example)",
        "![x](https://evil.example/p.png)",
        "[x]: https://evil.example",
        "https://evil.example",
        "www.evil.example",
        "evil.example/x",
        "mailto:x@evil.example",
        "tg://resolve?domain=evil",
        "&lt;!channel&gt;",
        "&#64;everyone",
        "*đậm* _nghiêng_ `mã` ~gạch~ ||ẩn||",
        "```\nkhối\n```",
        "# Tiêu đề",
        "#tag $TAG",
        "> trích",
        "/stop",
        ":bomb:",
        "a\u202egnp.exe",
        "\\*x\\*",
        "a | b\n--|--",
    ],
)
def test_nothing_of_a_name_is_a_mention_a_link_or_markup(hostile: str) -> None:
    text = neutral(f"Sở {hostile} tỉnh")
    for mark in ("<", ">", "*", "`", "~", "|", "\\", "://", "](", "]:", "\u202e", "_", ":bomb"):
        assert mark not in text
    for mark in "@＠#$":
        assert text.count(mark) == text.count(mark + JOINER)
    assert "evil.example" not in text
    assert "www.evil" not in text
    assert "&lt" not in text
    assert "&#" not in text
    assert " /stop" not in text


def test_what_people_read_stays_as_it_is() -> None:
    text = (
        "Công văn số 05/BNV-CCHC ngày 22/6/2026: tỉnh Hà Nam đạt 71,20 điểm (16.117 phiếu)\n"
        "1. Sở KH&ĐT: rà soát 100% thủ tục, 08:30"
    )
    assert neutral(text) == text


def test_what_is_broken_looks_the_same() -> None:
    assert visible(neutral("gửi @everyone, TP.HCM: xem #1 tại a.vn")) == "gửi @everyone, TP.HCM: xem #1 tại a.vn"
    assert neutral("x < 5") == "x ‹ 5"


def test_our_own_link_stays_a_link_where_it_stands_alone() -> None:
    text = neutral(f"Xem thêm: {LINK}\nhttps://evil.example {LINK}.evil.example", [LINK])
    assert text.startswith(f"Xem thêm: {LINK}\n")
    assert text.count("https://") == 1


def test_a_message_stays_within_its_limit_however_hostile() -> None:
    text = neutral("\n".join(["@" * 100] * 14) + f"\n{LINK}", [LINK])
    assert len(text) <= 1_500
    assert text.endswith(LINK)


def test_a_memo_without_a_link_makes_none() -> None:
    assert as_markdown(neutral("Một  hai", [""]), [""]) == "Một  hai"


def test_lines_and_links_stay_in_markdown() -> None:
    text = neutral(f"Một\nHai\n{LINK}", [LINK])
    assert as_markdown(text, [LINK]) == f"Một\n\nHai\n\n[{LINK}]({LINK})"
