"""Read a `.qmd` file: the documented subset of Quarto (docs/quarto-subset.md).

A document becomes a list of parts, `Text` and `Cell`, each line of which knows the file and the
row that it comes from. pandoc finds the cells and the inline expressions, so that those in
divs, lists, quotes and tables are found and those in verbatim text are left alone. What lies
outside the subset is a `DxError` with file, row and what can be written instead.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any, NoReturn

import yaml

from dxreport.errors import DxError
from dxreport.rendering import pandoc

_SCAN_FORMAT = "commonmark_x+sourcepos-smart"
_SHORTCODE = re.compile(r"\{\{<\s*(?P<name>/?[\w-]*)\s*(?P<rest>.*?)\s*>\}\}")
_INCLUDE_LINE = re.compile(r"\s*\{\{<\s*include\s+(?P<path>\S+)\s*>\}\}\s*")
_INLINE = re.compile(r"\{(?P<engine>[A-Za-z]\w*)\}\s+(?P<expression>.+)", re.DOTALL)
_OPTION = re.compile(r"#\|\s?(?P<text>.*)")
_FENCE = re.compile(r"(?P<marks>`{3,}|~{3,})\s*(?P<info>.*?)\s*")
_CROSS_REFERENCE = re.compile(
    r"(?<![\w\\@])@(?:fig|tbl|sec|eq|lst|thm|lem|cor|prp|cnj|def|exm|exr)-\w"
)
_QUARTO_CLASS = re.compile(
    r"callout(-\w+)?|panel-[\w-]+|column-[\w-]+|column|columns|layout|theorem|proof|cell|hidden"
)
_CROSS_LABEL = re.compile(r"(fig|tbl|sec|eq|lst|thm|lem|cor|prp|cnj|def|exm|exr)-")

FORMATS = ("html", "typst", "docx")
"""The names that `when-format` and `unless-format` know."""

CELL_OPTIONS = ("label", "output", "echo", "include", "eval", "warning", "tags")
EXECUTE_OPTIONS = ("echo", "include", "output", "warning", "eval", "freeze", "cache", "enabled")
_SUBSET = "see docs/quarto-subset.md"
_INCLUDE_DEPTH = 10

_UNKNOWN_METADATA = {
    "bibliography": "write the sources as footnotes",
    "csl": "write the sources as footnotes",
    "citeproc": "write the sources as footnotes",
    "crossref": "link to an id: [Phụ lục 1.1](#phu-luc-1-1)",
    "filters": "put the filter into a format extension",
    "knitr": "only Python cells are run",
    "params": "parameters are the variables of the cell tagged `parameters`",
    "server": "the report is static",
    "include-in-header": "put it into a format extension",
    "include-before-body": "put it into a format extension",
    "include-after-body": "put it into a format extension",
    "metadata-files": "write the metadata into _quarto.yml",
}


@dataclass(frozen=True)
class Where:
    """A row of a source file, both as a person names them."""

    file: str
    row: int

    def __str__(self) -> str:
        return f"{self.file}, row {self.row}"


@dataclass(frozen=True)
class Options:
    """How a cell is run and shown; `output` is whether its output shows, `asis` how."""

    output: bool = True
    asis: bool = False
    echo: bool = True
    include: bool = True
    evaluate: bool = True
    warning: bool = True


@dataclass(frozen=True)
class Inline:
    """An inline expression: `start` and `end` are offsets in its text's source."""

    start: int
    end: int
    expression: str
    where: Where


@dataclass(frozen=True)
class Text:
    """Markdown between two cells."""

    source: str
    inlines: tuple[Inline, ...]
    where: Where


@dataclass(frozen=True)
class Cell:
    """A Python cell; `source` still has its `#|` lines, `where` is its first line of source."""

    source: str
    options: Options
    label: str | None
    tags: tuple[str, ...]
    where: Where


@dataclass(frozen=True)
class Document:
    """A read `.qmd`: its metadata, the text of its YAML header, and its parts in order."""

    name: str
    metadata: Mapping[str, Any]
    header: str
    parts: tuple[Text | Cell, ...]


@dataclass
class _Source:
    """Lines with where they come from, and offsets in them."""

    lines: list[str]
    origin: list[Where]
    starts: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        at = 0
        for line in self.lines:
            self.starts.append(at)
            at += len(line) + 1
        self.starts.append(at)

    @property
    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def offset(self, row: int, column: int) -> int:
        """The offset of pandoc's row and column, for which a tab reaches the next stop of 4."""
        if row > len(self.lines):
            return self.starts[-1]
        reached, line = 1, self.lines[row - 1]
        for index, char in enumerate(line):
            if reached >= column:
                return self.starts[row - 1] + index
            reached += 4 - (reached - 1) % 4 if char == "\t" else 1
        return self.starts[row - 1] + len(line)

    def where(self, offset: int) -> Where:
        low, high = 0, len(self.lines)
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if self.starts[middle] <= offset else (low, middle)
        return self.origin[low]


@dataclass(frozen=True)
class _Found:
    """A node of pandoc's tree that matters here, with its place in the source."""

    kind: str
    classes: tuple[str, ...]
    attributes: Mapping[str, str]
    identifier: str
    text: str
    start: int
    end: int
    inside: tuple[str, ...]


def read_document(
    path: Path, *, metadata: Mapping[str, Any] | None = None, root: Path | None = None
) -> Document:
    """Read a `.qmd`; `metadata` is the project's, which the header's completes.

    Raises `DxError` with file and row for anything outside the subset.
    """
    base = root or path.parent
    lines = _read_lines(path, base)
    name = _name(path, base)
    header, body_at = _header(lines, name)
    own = _header_metadata(header, name)
    # The header keeps its rows, empty, so that every position is the file's own.
    body = [""] * body_at + lines[body_at:]
    source = _Source(body, [Where(name, row) for row in range(1, len(body) + 1)])
    source, found = _with_includes(source, path.parent, base)
    execute = _execute_defaults(own, metadata or {}, name)
    _refuse_foreign(source, found)
    parts = tuple(_parts(source, found, execute))
    return Document(name, own, "\n".join(header), parts)


def read_options(text: str) -> dict[str, Any]:
    """The `#|` options of a cell's source, as YAML; `ValueError` where they are none."""
    taken = []
    for line in text.splitlines():
        option = _OPTION.fullmatch(line)
        if not option:
            break
        taken.append(option["text"])
    try:
        options = yaml.safe_load("\n".join(taken)) or {}
    except yaml.YAMLError:
        raise ValueError("the `#|` lines are not YAML") from None
    if not isinstance(options, dict):
        raise ValueError("the `#|` lines are not `name: value` pairs")
    return options


def _read_lines(path: Path, base: Path) -> list[str]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        raise DxError(f"{_name(path, base)}: no such file") from None
    except (OSError, UnicodeDecodeError) as error:
        reason = "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else error.strerror
        raise DxError(f"{_name(path, base)}: {reason}") from None
    return text.splitlines()


def _name(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.name


def _fail(where: Where | str, message: str) -> NoReturn:
    raise DxError(f"{where}: {message}; {_SUBSET}")


# -- the header


def _header(lines: list[str], name: str) -> tuple[list[str], int]:
    """The lines of the YAML header and the index of the first line after it."""
    if not lines or lines[0].rstrip() != "---":
        return [], 0
    for index, line in enumerate(lines[1:], 1):
        if line.rstrip() in ("---", "..."):
            return lines[1:index], index + 1
    _fail(Where(name, 1), "the YAML header has no closing `---`")


def _header_metadata(header: list[str], name: str) -> dict[str, Any]:
    for row, line in enumerate(header, 2):
        if re.search(r"`\{\w+\}", line):
            _fail(
                Where(name, row),
                "inline code in the YAML header is not run: write it in the text, "
                "or as a `::: {.truong}` div",
            )
    try:
        metadata = yaml.safe_load("\n".join(header)) or {}
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        row = mark.line + 2 if mark else 1
        _fail(Where(name, row), f"not YAML: {getattr(error, 'problem', None) or 'unreadable'}")
    if not isinstance(metadata, dict):
        _fail(Where(name, 2), "the header is not made of `name: value` pairs")
    for key, instead in _UNKNOWN_METADATA.items():
        if key in metadata:
            _fail(_row_of(header, key, name), f"`{key}` is not supported: {instead}")
    if metadata.get("engine", "jupyter") != "jupyter":
        _fail(_row_of(header, "engine", name), "the only engine is jupyter (Python)")
    kernel = metadata.get("jupyter", "python3")
    if not (isinstance(kernel, str) and kernel.startswith("python")):
        _fail(_row_of(header, "jupyter", name), "the only kernel is python3")
    return metadata


def _row_of(header: list[str], key: str, name: str) -> Where:
    rows = (row for row, line in enumerate(header, 2) if line.startswith(f"{key}:"))
    return Where(name, next(rows, 1))


def _execute_defaults(own: Mapping[str, Any], project: Mapping[str, Any], name: str) -> Options:
    merged: dict[str, Any] = {}
    for metadata, file in ((project, "_quarto.yml"), (own, name)):
        execute = metadata.get("execute") or {}
        if not isinstance(execute, dict):
            _fail(Where(file, 1), "`execute` is not made of `name: value` pairs")
        for key in execute:
            if key not in EXECUTE_OPTIONS:
                _fail(
                    Where(file, 1),
                    f"the `execute` option `{key}` is not supported "
                    f"(known: {', '.join(EXECUTE_OPTIONS)})",
                )
        merged |= execute
    for key in ("freeze", "cache"):
        if merged.pop(key, False):
            _fail(Where(name, 1), f"`execute: {key}` hides changed data: leave it off")
    if not merged.pop("enabled", True):
        merged["eval"] = False
    return _options(merged, Options(), Where(name, 1))


# -- includes


def _with_includes(source: _Source, folder: Path, base: Path) -> tuple[_Source, list[_Found]]:
    for _ in range(_INCLUDE_DEPTH):
        found = _scan(source)
        verbatim = _verbatim(found)
        lines: list[str] = []
        origin: list[Where] = []
        changed = False
        for index, line in enumerate(source.lines):
            included = _INCLUDE_LINE.fullmatch(line)
            if included and not _lies_in(source.starts[index], verbatim):
                where = source.origin[index]
                path = _included(included["path"], folder, base, where)
                inner = _read_lines(path, base)
                header, body_at = _header(inner, _name(path, base))
                if header:
                    _fail(Where(_name(path, base), 1), "an included file has no YAML header")
                name = _name(path, base)
                lines += ["", *inner[body_at:], ""]
                rows = [Where(name, row) for row in range(body_at + 1, len(inner) + 1)]
                origin += [where, *rows, where]
                changed = True
            else:
                lines.append(line)
                origin.append(source.origin[index])
        if not changed:
            return source, found
        source = _Source(lines, origin)
    _fail(source.origin[0], f"includes are more than {_INCLUDE_DEPTH} deep; one includes itself")


def _included(name: str, folder: Path, base: Path, where: Where) -> Path:
    path = (base / name.lstrip("/")) if name.startswith("/") else (folder / name)
    if not path.resolve().is_relative_to(base.resolve()):
        raise DxError(f"{where}: {name} lies outside the project")
    if not path.is_file():
        raise DxError(f"{where}: there is no file {name} to include")
    return path


# -- pandoc's tree


def _scan(source: _Source) -> list[_Found]:
    blocks = _blocks(source.text)
    return sorted(_walk(source, blocks, (), None), key=lambda item: item.start)


@lru_cache(maxsize=4)
def _blocks(text: str) -> Any:
    """pandoc's blocks, for nobody to change: the document of many months is one."""
    return pandoc.read(text, _SCAN_FORMAT)["blocks"]


_ATTRIBUTED = {"Div", "Span", "CodeBlock", "Code", "Header", "Link", "Image", "Table"}


def _walk(
    source: _Source, node: Any, inside: tuple[str, ...], around: tuple[int, int] | None
) -> Iterator[_Found]:
    if isinstance(node, list):
        for child in node:
            yield from _walk(source, child, inside, around)
        return
    if not isinstance(node, dict):
        return
    kind, content = node.get("t"), node.get("c")
    if kind in _ATTRIBUTED and isinstance(content, list):
        heading = kind == "Header"
        identifier, classes, pairs = content[1] if heading else content[0]
        places = [value for key, value in pairs if key == "data-pos" and value]
        if places:
            # Of several places the last is the node's own, the others are its containers'.
            around = _place(source, places[-1])
        attributes = {key: value for key, value in pairs if key != "data-pos"}
        if around and attributes.pop("wrapper", None) is None:
            text = content[1] if kind in ("Code", "CodeBlock") else ""
            yield _Found(kind, tuple(classes), attributes, identifier, text, *around, inside=inside)
    elif kind in ("RawBlock", "RawInline") and around and isinstance(content, list):
        yield _Found(kind, (content[0],), {}, "", content[1], *around, inside=inside)
    yield from _walk(source, content, (*inside, str(kind)), around)


def _place(source: _Source, place: str) -> tuple[int, int]:
    ranges = place.rsplit("@", 1)[-1].split(";")
    first, last = ranges[0].split("-")[0], ranges[-1].split("-")[1]

    def offset(text: str) -> int:
        row, column = text.split(":")
        return source.offset(int(row), int(column))

    return offset(first), offset(last)


def _verbatim(found: list[_Found]) -> list[tuple[int, int]]:
    kinds = ("CodeBlock", "Code", "RawBlock", "RawInline")
    return [(item.start, item.end) for item in found if item.kind in kinds]


def _lies_in(offset: int, ranges: list[tuple[int, int]]) -> bool:
    return any(start <= offset < end for start, end in ranges)


# -- what is not supported


def _refuse_foreign(source: _Source, found: list[_Found]) -> None:
    verbatim = _verbatim(found)
    text = source.text
    for match in _SHORTCODE.finditer(text):
        if not _lies_in(match.start(), verbatim):
            _check_shortcode(source, match)
    for match in _CROSS_REFERENCE.finditer(text):
        if not _lies_in(match.start(), verbatim):
            _fail(
                source.where(match.start()),
                f"the cross-reference {match[0]}… is not supported: link to an id, "
                "as in [Phụ lục 1.1](#phu-luc-1-1)",
            )
    previous_blank = False
    for index, line in enumerate(source.lines):
        following = source.lines[index + 1] if index + 1 < len(source.lines) else ""
        opens = line.rstrip() == "---" and previous_blank and following.strip()
        if opens and not _lies_in(source.starts[index], verbatim):
            _fail(source.origin[index], "metadata stand only in the header at the top")
        previous_blank = not line.strip()
    for item in found:
        _check_node(source, item)


def _check_shortcode(source: _Source, match: re.Match[str]) -> None:
    where, name = source.where(match.start()), match["name"]
    line = source.lines[_line_index(source, match.start())]
    if name == "pagebreak":
        if line.strip() != match[0] or match["rest"]:
            _fail(where, "`{{< pagebreak >}}` stands on a line of its own")
    elif name == "include":
        _fail(where, "`{{< include FILE >}}` stands on a line of its own, with one file")
    else:
        _fail(where, f"the shortcode `{name}` is not supported (known: include, pagebreak)")


def _line_index(source: _Source, offset: int) -> int:
    return next(i for i in range(len(source.lines)) if source.starts[i + 1] > offset)


def _check_node(source: _Source, item: _Found) -> None:
    where = source.where(item.start)
    if item.kind == "Div":
        _check_div(item, where)
    elif item.kind == "Span" and {"content-visible", "content-hidden"} & set(item.classes):
        _check_condition(item, where)
    elif item.kind == "Code":
        engine = _INLINE.match(item.text)
        if engine and engine["engine"] != "python":
            _fail(where, f"inline code of the engine {engine['engine']!r} is not run, only python")
    elif item.kind == "CodeBlock" and item.classes and item.classes[0].startswith("{"):
        _check_cell(source, item, where)
    for key, value in item.attributes.items():
        if "`{" in value:
            _fail(where, f"inline code in the attribute {key!r} is not run")


def _check_div(item: _Found, where: Where) -> None:
    for name in item.classes:
        if _QUARTO_CLASS.fullmatch(name):
            _fail(where, f"the div class `{name}` needs Quarto itself")
    if item.attributes.keys() & {"layout", "layout-ncol", "layout-nrow"}:
        _fail(where, "the layout of figures needs Quarto itself")
    if _CROSS_LABEL.match(item.identifier):
        _fail(where, f"the id `{item.identifier}` would make a cross-reference: choose another")
    if {"content-visible", "content-hidden"} & set(item.classes):
        _check_condition(item, where)


def _check_condition(item: _Found, where: Where) -> None:
    conditions = item.attributes.keys() & {"when-format", "unless-format"}
    if len(conditions) != 1:
        _fail(where, "give one condition, when-format or unless-format")
    for key in item.attributes:
        if key.startswith(("when-", "unless-")) and key not in conditions:
            _fail(where, f"the condition `{key}` is not supported")
    value = item.attributes[next(iter(conditions))]
    if value == "pdf":
        _fail(where, "Quarto's format `pdf` is LaTeX's: write typst")
    if value not in FORMATS:
        _fail(where, f"there is no format {value!r} (known: {', '.join(FORMATS)})")


def _check_cell(source: _Source, item: _Found, where: Where) -> None:
    info = " ".join(item.classes)
    engine = re.fullmatch(r"\{(\w+)[^}]*\}?.*", info)
    if engine and engine[1] != "python":
        _fail(where, f"a cell of the engine {engine[1]!r} is not run, only python")
    if info != "{python}" or item.attributes or item.identifier:
        _fail(where, "a cell begins with ```{python}, its options follow as `#| name: value`")
    line = source.lines[_line_index(source, item.start)]
    fence = _FENCE.fullmatch(line)
    containers = {"BulletList", "OrderedList", "BlockQuote", "DefinitionList", "Note"}
    if containers & set(item.inside):
        _fail(where, "a cell inside a list, a quote or a footnote is not supported")
    if fence is None or fence["marks"] != "```":
        _fail(where, "a cell is fenced by exactly three backticks at the left margin")


# -- the parts


def _parts(source: _Source, found: list[_Found], defaults: Options) -> Iterator[Text | Cell]:
    inlines = [item for item in found if item.kind == "Code" and _INLINE.match(item.text)]
    at = 0
    for item in found:
        if item.kind == "CodeBlock" and item.classes[:1] == ("{python}",):
            first = _line_index(source, item.start)
            end = _line_index(source, item.end) if item.end < source.starts[-1] else None
            stop = len(source.lines) if end is None else end
            yield from _text(source, at, first, inlines)
            yield _cell(source, item, first, defaults)
            at = stop
    yield from _text(source, at, len(source.lines), inlines)


def _text(source: _Source, first: int, stop: int, inlines: list[_Found]) -> Iterator[Text]:
    while first < stop and not source.lines[first].strip():
        first += 1
    while stop > first and not source.lines[stop - 1].strip():
        stop -= 1
    if first == stop:
        return
    begin, end = source.starts[first], source.starts[stop]
    text = source.text[begin:end]
    mine = tuple(_inline(source, item, begin) for item in inlines if begin <= item.start < end)
    yield Text(text, mine, source.origin[first])


def _inline(source: _Source, item: _Found, begin: int) -> Inline:
    where = source.where(item.start)
    span = source.text[item.start : item.end]
    match = _INLINE.match(item.text)
    if not match or not (span.startswith("`") and span.endswith("`")):
        _fail(where, "this inline code could not be placed; put it into a paragraph of its own")
    return Inline(item.start - begin, item.end - begin, match["expression"].strip(), where)


def _cell(source: _Source, item: _Found, first: int, defaults: Options) -> Cell:
    where = source.origin[first]
    try:
        options = read_options(item.text)
    except ValueError as error:
        _fail(where, str(error))
    for key in options:
        if key not in CELL_OPTIONS:
            hint = ""
            if key.startswith(("fig-", "tbl-")):
                hint = ": what the cell prints brings its own caption"
            _fail(
                where,
                f"the cell option `{key}` is not supported{hint} "
                f"(known: {', '.join(CELL_OPTIONS)})",
            )
    label = options.pop("label", None)
    if label is not None and _CROSS_LABEL.match(str(label)):
        _fail(where, f"the label `{label}` would make a cross-reference: choose another")
    tags = options.pop("tags", None) or []
    if not (isinstance(tags, list) and all(isinstance(tag, str) for tag in tags)):
        _fail(where, "`tags` is a list, as in `#| tags: [parameters]`")
    inner = source.origin[first + 1] if first + 1 < len(source.origin) else where
    return Cell(
        item.text,
        _options(options, defaults, where),
        None if label is None else str(label),
        tuple(tags),
        inner,
    )


def _options(given: Mapping[str, Any], defaults: Options, where: Where) -> Options:
    values = {
        "output": defaults.output,
        "asis": defaults.asis,
        "echo": defaults.echo,
        "include": defaults.include,
        "evaluate": defaults.evaluate,
        "warning": defaults.warning,
    }
    for key, value in given.items():
        if key == "output" and value == "asis":
            values |= {"output": True, "asis": True}
        elif isinstance(value, bool):
            values["evaluate" if key == "eval" else key] = value
            if key == "output":
                values["asis"] = False
        else:
            kinds = "true, false or asis" if key == "output" else "true or false"
            _fail(where, f"`{key}` is {kinds}, not {value!r}")
    return Options(**values)
