"""Markdown that shows exactly the characters of a text, and figures that name their fact."""

from __future__ import annotations

import html
import re
from dataclasses import replace

import pypandoc
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from dxreport.facts import Fact
from dxreport.markup import EMPTY, Markdown, div, figure, join, link, listed, md_escape
from dxreport.rendering.execute import to_text
from dxreport.vi import nfc

RATE = Fact(
    month="2024-09",
    section=1,
    indicator="documents_signed_rate",
    period="month",
    scope="level:province",
    name="Cấp tỉnh",
    numerator=9695,
    denominator=10000,
    value=96.95,
    unit="%",
    printed="96,95%",
)


def to_html(text: str) -> str:
    return str(pypandoc.convert_text(text, "html", "markdown", extra_args=["--wrap=none"]))


def shown(text: str) -> str:
    """What a reader sees of markdown, in one paragraph."""
    return html.unescape(re.sub(r"<[^>]+>", "", to_html(text))).strip()


@pytest.mark.parametrize(
    "text",
    [
        "*đậm* _nghiêng_ **rất đậm** ~~bỏ~~ H~2~O x^2^",
        "[đường dẫn](https://example.org) ![ảnh](a.png) [^1] @nguoi [@trich]",
        "<script>alert(1)</script> &lt; &amp; <!-- ẩn -->",
        "`{python} 1/0` ```` $x$ \\(x\\) \\newpage",
        "{{< include bi-mat.md >}} {.lop #neo}",
        "dấu \"nháy\" và 'phẩy' -- rồi --- và ...",
        "a | b | c",
        "Sở <Y tế> & Ban Dân tộc",
    ],
)
def test_text_from_data_is_shown_as_it_is(text: str) -> None:
    assert shown(f"Tên: {md_escape(text)}.") == f"Tên: {text}."


@examples(max_examples=30)
@given(st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1))
def test_any_text_is_shown_as_it_is(text: str) -> None:
    assert shown(f"a {md_escape(text)} b") == f"a {nfc(text)} b"


def test_escaping_keeps_a_text_on_one_line_and_composes_it() -> None:
    assert md_escape("Hoa\u0300\n\n# Đầu đề\tmới\x00") == "Hoà \\# Đầu đề mới"


def test_markdown_is_not_escaped_again() -> None:
    once = md_escape("a*b")
    assert md_escape(once) is once
    assert once._repr_markdown_() == "a\\*b"


def test_a_figure_names_its_fact() -> None:
    assert to_html(figure(RATE)) == (
        '<p><span class="figure" data-fact="documents_signed_rate/month/level:province">'
        "96,95%</span></p>\n"
    )
    assert "<strong>96,95%</strong></span>" in to_html(figure(RATE, strong=True))


def test_a_figure_of_a_hostile_scope_keeps_its_attribute_closed() -> None:
    scope = 'unit:STC@Bộ "Tài chính" \\ }> <b onclick=x>'
    page = to_html(figure(replace(RATE, scope=scope, printed="<i>0%</i>")))
    found = re.fullmatch(r'<p><span class="figure" data-fact="([^"]*)">(.*)</span></p>\n', page)
    assert found is not None
    assert html.unescape(found[1]) == f"documents_signed_rate/month/{scope}"
    assert found[2] == "&lt;i&gt;0%&lt;/i&gt;"


def test_pieces_stay_markdown() -> None:
    pieces = (
        join(["a", "", "b"], "; "),
        listed(["a", "b", "c"]),
        link("Phụ lục 1.1", "phu-luc-1-1"),
    )
    assert pieces == ("a; b", "a, b và c", "[Phụ lục 1.1](#phu-luc-1-1)")
    assert {type(piece) for piece in pieces} == {Markdown}
    assert join([]) == listed([]) == EMPTY


def test_a_div_encloses_the_divs_inside_it() -> None:
    outer = div(f"một{div('trong', 'ten-phu-luc')}hai", "phu-luc", anchor="a", orientation="doc")
    page = to_html(f"{outer}\nsau")
    assert page.index('<div id="a" class="phu-luc"') < page.index('<div class="ten-phu-luc">')
    assert re.search(r"hai</p>\s*</div>\s*<p>sau", page)


@pytest.mark.parametrize("writer", ["html", "typst", "plain"])
def test_nothing_in_a_sentence_is_nothing_for_quarto_too(writer: str) -> None:
    # Quarto leaves the code of an inline expression as it stands where its value is no text.
    shown = EMPTY._repr_markdown_()
    assert shown
    made = pypandoc.convert_text(f"a{shown}b", writer, format="markdown")
    assert re.sub("<[^>]*>", "", made).strip() == "ab"


def test_nothing_is_nothing_where_the_document_runs_here() -> None:
    assert to_text(EMPTY) == ""
