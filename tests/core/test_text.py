"""Foreign text is made harmless for pages, charts and spreadsheets."""

import pytest

from apps.core.text import chart, csv_cell, display


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("model\u202egpj.exe", "model⟨U+202E⟩gpj.exe"),
        ("a\u2066b\u2069c", "a⟨U+2066⟩b⟨U+2069⟩c"),
        ("pay\u200bpal", "pay⟨U+200B⟩pal"),
        ("\ufeffname", "⟨U+FEFF⟩name"),
        ("bell\x07, null\x00, csi\x9b", "bell⟨U+0007⟩, null⟨U+0000⟩, csi⟨U+009B⟩"),
        ("soft\u00adhyphen\u2028line", "soft⟨U+00AD⟩hyphen⟨U+2028⟩line"),
        ("tag\U000e0041", "tag⟨U+E0041⟩"),
        ("half\ud800", "half\ufffd"),
    ],
)
def test_display_makes_invisible_characters_visible(hostile: str, shown: str) -> None:
    assert display(hostile) == shown


def test_display_keeps_ordinary_text_of_any_script() -> None:
    ordinary = "Lena Fürst · 張偉 · مُقرض · 2 lines\n\tand a tab"
    assert display(ordinary) == ordinary
    assert display(None) == "None"
    assert display(3.5) == "3.5"


def test_chart_text_has_no_markup_and_no_line_breaks() -> None:
    assert chart("<b>big</b>\nmodel\u202e") == "‹b›big‹/b› model⟨U+202E⟩"


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t", "\r", " =", "\n@", "\u00a0+"])
def test_csv_cell_is_never_a_formula(start: str) -> None:
    assert csv_cell(f"{start}HYPERLINK(1)") == f"'{start}HYPERLINK(1)"


def test_csv_cell_leaves_harmless_values() -> None:
    assert csv_cell("a=b") == "a=b"
    assert csv_cell(-3) == "-3"
    assert csv_cell(None) == ""
