"""The page's policy and scripts: ours are allowed by hash, all else is refused."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest

from dxreport.errors import DxError
from dxreport.markup import safe_json
from dxreport.rendering import page, post_render, vega

HEAD = '<html><head><meta http-equiv="Content-Security-Policy" content="default-src \'none\'">'
EMPTY = f"{HEAD}</head><body>%s<!-- dx:charts --></body></html>"
CHART = (
    '<figure class="chart" id="fig-a"><div class="vega" role="img"></div>'
    '<script type="application/json">{"a":"\\u003c/script>"}</script></figure>'
)


def policy(text: str) -> str:
    found = re.search(r'Content-Security-Policy" content="([^"]*)"', text)
    assert found
    return found[1]


def test_a_page_without_charts_has_no_bundle() -> None:
    done = page.finish(EMPTY % "<p>x</p>")
    assert "dxVega" not in done
    assert "script-src 'none'" in policy(done)


def test_own_scripts_are_allowed_by_their_hash() -> None:
    script = '\n"use strict"; const a = "$1";\n'
    done = page.finish(EMPTY % f"<script>{script}</script>", own_scripts=(script,))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"script-src 'sha256-{digest}'" in policy(done)
    assert "unsafe-eval" not in policy(done)
    loose = [part.split()[0] for part in policy(done).split(";") if "unsafe-inline" in part]
    assert loose == ["style-src"]


def test_a_page_with_charts_gets_one_bundle() -> None:
    done = page.finish(EMPTY % (CHART + CHART.replace("fig-a", "fig-b")))
    assert done.count(vega.bundle()) == 1
    scripts = re.findall(r"<script>(.*?)</script>", done, re.DOTALL)
    assert len(scripts) >= 2
    for script in scripts:
        digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
        assert f"'sha256-{digest}'" in policy(done)
    assert policy(done).count("sha256-") == len(scripts)
    assert done.count('id="vega-theme"') == 1
    assert page.finish(done) == done


def test_charts_are_compiled_and_a_page_does_not_compile() -> None:
    schema = "https://vega.github.io/schema/vega-lite/v6.4.1.json"
    spec = safe_json({"$schema": schema, "mark": "bar", "data": {"values": [{"a": "</script>"}]}})
    chart = CHART.replace('{"a":"\\u003c/script>"}', spec)
    assert spec in chart
    done = page.finish(EMPTY % chart)
    assert "/vega-lite/" not in done
    assert '"marks":[' in done
    assert r'{"a":"\u003c/script>"}' in done
    assert page.finish(done) == done
    assert "vegaLite" not in vega.bundle()
    assert "vegaEmbed" not in vega.bundle()


def test_a_chart_that_does_not_compile_is_an_error() -> None:
    broken = '{"$schema":"https://vega.github.io/schema/vega-lite/v6.json","mark":7}'
    with pytest.raises(DxError, match="a chart's specification cannot be compiled: "):
        page.finish(EMPTY % CHART.replace('{"a":"\\u003c/script>"}', broken))


HOSTILE = [
    "<script>alert(1)</script>",
    "<SCRIPT type='module'>alert(1)</SCRIPT>",
    "<script src='https://example.org/a.js'></script>",
    "<img src=x.png>",
    "<img src='data:image/png;base64,AA' onerror='alert(1)'>",
    "<a href='javascript:alert(1)'>x</a>",
    "<a href=' JaVa\tscript:alert(1)'>x</a>",
    "<iframe srcdoc='<p>x'></iframe>",
    "<link rel=stylesheet href='a.css'>",
    "<style>p { background: url(//example.org/x) }</style>",
    "<style>@import 'a.css';</style>",
    "<p style=\"background:url('http://example.org/x')\">x</p>",
    "<svg><use href='http://example.org/a.svg#b'/></svg>",
    "<object data='a.swf'></object>",
    "<video poster='a.png'></video>",
    "<img srcset='a.png 2x'>",
    "<form action='https://example.org'></form>",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_what_is_not_ours_or_not_here_is_refused(text: str) -> None:
    with pytest.raises(DxError, match=r"not its own|would load"):
        page.finish(EMPTY % text)


@pytest.mark.parametrize(
    "text",
    [
        "<a href='https://example.org'>x</a>",
        "<img src='data:image/png;base64,AA' alt=''>",
        "<style>p{background:url(data:font/woff2;base64,AA)}</style>",
        '<style>p{background:url( "data:font/woff2;base64,AA")}</style>',
        "<svg><use href='#a'/></svg>",
        "<script type='application/json'>{}</script>",
        "<link rel=icon href='data:,'>",
        "<p>url(http://example.org)</p>",
    ],
)
def test_what_loads_nothing_is_fine(text: str) -> None:
    assert text in page.finish(EMPTY % text)


def test_a_template_without_its_places_is_an_error() -> None:
    with pytest.raises(DxError, match="no Content-Security-Policy"):
        page.finish("<html></html>")
    with pytest.raises(DxError, match="no place for charts"):
        page.finish(f"{HEAD}</head><body>{CHART}</body></html>")


def test_the_bundle_is_kept_and_a_broken_copy_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = vega.bundle()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    path = vega._cache_path()
    assert path
    vega._keep(path, made)
    assert vega._kept(path) == made
    path.write_text(path.read_text(encoding="utf-8")[:-1], encoding="utf-8")
    assert vega._kept(path) is None
    assert vega._kept(tmp_path / "none.js") is None


def test_quarto_says_which_pages_to_finish(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, other = tmp_path / "report.html", tmp_path / "report.pdf"
    made.write_text(EMPTY % CHART, encoding="utf-8")
    other.write_bytes(b"%PDF-")
    monkeypatch.setenv("QUARTO_PROJECT_OUTPUT_FILES", f"{made}\n{other}")
    post_render.main([])
    assert "dxVega" in made.read_text(encoding="utf-8")
    assert other.read_bytes() == b"%PDF-"


def test_a_preview_reloads_the_page_by_scripts_of_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = tmp_path / "report.html"
    for previewed in (True, False):
        made.write_text(EMPTY % CHART, encoding="utf-8")
        monkeypatch.setattr(post_render, "in_preview", lambda previewed=previewed: previewed)
        post_render.main([str(made)])
        text = made.read_text(encoding="utf-8")
        assert "dxVega" in text
        assert ("Content-Security-Policy" in text) != previewed


@pytest.mark.parametrize(
    ("command", "is_it"),
    [
        (["/opt/quarto/bin/deno", "run", "/opt/quarto/bin/quarto.js", "preview", "a.qmd"], True),
        (["quarto", "preview"], True),
        (["/opt/quarto/bin/deno", "run", "/opt/quarto/bin/quarto.js", "render", "a.qmd"], False),
        (["python", "preview.py"], False),
        ([], False),
    ],
)  # fmt: skip
def test_a_preview_is_known_by_its_command(command: list[str], is_it: bool) -> None:
    assert post_render.is_preview(command) == is_it


def test_these_tests_are_no_preview() -> None:
    assert not post_render.in_preview()


def test_a_text_that_looks_like_our_data_brings_no_script() -> None:
    text = '<p>&lt;script type="application/json" id="dx-facts"&gt;{}&lt;/script&gt;</p>'
    assert "<script" not in page.finish(EMPTY % text)
