"""Raw blocks that pandoc need not read."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dxreport.rendering import embedded
from dxreport.rendering.stash import stash

ROOT = Path(__file__).resolve().parents[1]
RAW = """\
Trước <b>một</b>

```{=html}
<table><tr><td>96,95%</td></tr></table>
```

::: {.khung}

````{=typst}
#strong[```Đạt```]
````

~~~ {=openxml}
<w:p/>
~~~

:::

```
```{=html}
no raw block: what is shown is how one is written
```

- ```{=html}
  <i>in a list</i>
  ```

Sau
"""


def test_raw_blocks_are_laid_aside_and_come_back() -> None:
    stashed = stash(RAW)
    assert list(stashed.contents.values()) == [
        "<table><tr><td>96,95%</td></tr></table>",
        "#strong[```Đạt```]",
        "<w:p/>",
    ]
    assert "96,95%" not in stashed.markdown
    assert "no raw block" in stashed.markdown
    assert "<i>in a list</i>" in stashed.markdown
    assert stashed.restored(stashed.markdown) == RAW


@given(st.text(alphabet="`~{=html} \nax<!->", max_size=120))
def test_any_text_comes_back(text: str) -> None:
    stashed = stash(text)
    assert stashed.restored(stashed.markdown) == text


def test_a_fence_that_nothing_closes_is_none() -> None:
    assert stash("```{=html}\n<b>").contents == {}
    assert stash("```{=html}\n<b>\n``").contents == {}
    assert stash("````{=html}\n<b>\n```\n````").contents != {}


@pytest.mark.parametrize("write", [embedded.write_html, embedded.write_typst, embedded.write_docx])
def test_the_documents_are_as_if_pandoc_had_read_all(
    write: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    def made() -> str | bytes:
        source = embedded.read(RAW, {"lang": "vi", "title": "T"}, datetime(2024, 9, 30))
        return write(source, ROOT)  # type: ignore[operator, no-any-return]

    whole = made()
    monkeypatch.setattr(embedded, "stash", lambda text: stash("").__class__(text, {}))
    assert made() == whole


def test_a_text_that_looks_like_a_token_is_shown() -> None:
    text = stash("```{=html}\n<b>x</b>\n```").markdown.split("\n")[1]
    markdown = f"`{text}` và \\{text}\n\n```{{=html}}\n<b>x</b>\n```\n"
    source = embedded.read(markdown, {"lang": "vi", "title": "T"}, datetime(2024, 9, 30))
    page = embedded.write_html(source, ROOT)
    assert page.count("<b>x</b>") == 1
    assert page.count("&lt;!--dx:raw") == 1  # as code
    assert page.count("&lt;!–dx:raw") == 1  # as text, whose dashes are made
