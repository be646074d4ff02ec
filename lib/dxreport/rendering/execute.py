"""Run a document once: `.qmd` parts -> notebook -> papermill -> executed notebook.

papermill runs the notebook with an engine of ours, which needs no kernel process: the cells run
in an `InteractiveShell` in this process, and everything that IPython changes in the process is
put back. The executed notebook holds no time stamp, no path of this machine and no random id,
and Quarto renders it as it is with `--no-execute`.
"""

from __future__ import annotations

import atexit
import builtins
import contextlib
import io
import logging
import re
import sys
import types
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TextIO, cast

import nbformat
from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from nbformat import NotebookNode
from papermill.engines import Engine, NotebookExecutionManager, papermill_engines
from traitlets import Type
from traitlets.config import Config

import papermill
from dxreport.errors import DxError
from dxreport.parameters import assigned, check
from dxreport.rendering.qmd import Cell, Document, Inline, Text, Where

ENGINE = "dxreport-inprocess"
_PARAMETERS = "parameters"
_INJECTED = "injected-parameters"
_KEY = "dxreport"
_MARKDOWN = "text/markdown"
_PLAIN = "text/plain"
_ESCAPED = frozenset("\\`*_{}[]()#+-.!<>|~^$@'\"&=:")


def execute(
    document: Document,
    parameters: Mapping[str, str],
    *,
    folder: Path,
    shown: Mapping[str, str] | None = None,
    every_form: bool = False,
) -> NotebookNode:
    """Run `document` in `folder` with `parameters` and return the executed notebook.

    every_form: keep all forms in which a value shows itself (a table's HTML, a chart's drawing),
    for a notebook that is opened as a notebook; else only what every format of a document has.

    `shown` gives what stands in the notebook for a parameter whose value is a path of this
    machine. A `DxError` from a cell passes through; any other exception becomes one, with the
    file and row of the line that failed.
    """
    notebook = to_notebook(document)
    _check_parameters(document, parameters)
    # papermill resolves a folder once for the whole process; the engine needs it too.
    with _quiet(logging.getLogger("papermill")):
        executed = papermill.execute_notebook(
            notebook,
            None,
            parameters=dict(parameters),
            engine_name=ENGINE,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            cwd=folder,
            every_form=every_form,
        )
    return _clean(executed, parameters, shown or {})


@contextlib.contextmanager
def _quiet(logger: logging.Logger) -> Iterator[None]:
    """What it would log of notebooks in general says nothing that `_check_parameters` does not."""
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(level)


def to_notebook(document: Document) -> NotebookNode:
    """The document as a notebook that is not run yet."""
    cells: list[dict[str, Any]] = []

    def add(kind: str, source: str, metadata: dict[str, Any], **more: Any) -> None:
        own = {"id": f"cell-{len(cells)}", "cell_type": kind, "metadata": metadata}
        cells.append({**own, "source": source, **more})

    if document.header:
        add("raw", f"---\n{document.header}\n---", {})
    for part in document.parts:
        if isinstance(part, Text):
            inlines = [_pack(inline) for inline in part.inlines]
            add("markdown", part.source.rstrip("\n"), {_KEY: {"inlines": inlines}})
        else:
            options = {
                "file": part.where.file,
                "row": part.where.row,
                "evaluate": part.options.evaluate,
            }
            tags = {"tags": list(part.tags)} if part.tags else {}
            add("code", part.source, {**tags, _KEY: options}, outputs=[], execution_count=None)
    metadata = {
        "kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"},
        "language_info": {"name": "python"},
    }
    whole = {"nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells}
    return cast(NotebookNode, cast(Any, nbformat).from_dict(whole))


def to_text(value: object) -> str:
    """A value of an inline expression as pandoc markdown.

    One that knows its own markdown (`_repr_markdown_`) is spliced in as it is; the text of any
    other is escaped, so that it stands for itself alone.
    """
    if value == "":
        return ""
    own = getattr(value, "_repr_markdown_", None)
    if callable(own) and not isinstance(value, type):
        return str(own())
    return escape(str(value))


def escape(text: str) -> str:
    """`text` as pandoc markdown that shows exactly it, on one line."""
    flat = " ".join(text.split("\n"))
    return "".join(f"\\{char}" if char in _ESCAPED else char for char in flat)


def _new(make: Callable[..., Any], *values: Any, **named: Any) -> NotebookNode:
    """A part of a notebook; nbformat's makers have no types."""
    return cast(NotebookNode, make(*values, **named))


def _pack(inline: Inline) -> dict[str, Any]:
    return {
        "start": inline.start,
        "end": inline.end,
        "expression": inline.expression,
        "file": inline.where.file,
        "row": inline.where.row,
    }


def parameters_of(document: Document) -> tuple[str, ...]:
    """The names of what its cell of parameters sets; none where it has none that can be read."""
    try:
        return tuple(n for cell in _parameter_cells(document) for n in assigned(cell.source))
    except SyntaxError:
        return ()  # `execute` says where


def _parameter_cells(document: Document) -> list[Cell]:
    return [part for part in document.parts if isinstance(part, Cell) and _PARAMETERS in part.tags]


def _check_parameters(document: Document, parameters: Mapping[str, str]) -> None:
    cells = _parameter_cells(document)
    if not cells:
        if parameters:
            raise DxError(
                f"{document.name}: no cell is tagged `parameters`, so "
                f"{', '.join(parameters)} cannot be set"
            )
        return
    if len(cells) > 1:
        raise DxError(f"{cells[1].where}: a second cell is tagged `parameters`")
    cell = cells[0]
    try:
        check(assigned(cell.source), list(parameters))
    except SyntaxError as error:
        row = cell.where.row + (error.lineno or 1) - 1
        raise DxError(f"{Where(cell.where.file, row)}: SyntaxError: {error.msg}") from None
    except DxError as error:
        raise DxError(f"{cell.where}: {error}") from None


def _clean(
    notebook: NotebookNode, parameters: Mapping[str, str], shown: Mapping[str, str]
) -> NotebookNode:
    """Without what differs from run to run or from machine to machine."""
    notebook.metadata.pop("papermill", None)
    for index, cell in enumerate(notebook.cells):
        cell["id"] = f"dx-{index:04d}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop(_KEY, None)
        if _INJECTED in cell.metadata.get("tags", []):
            values = {name: shown.get(name, value) for name, value in parameters.items()}
            lines = ["#| include: false", *(f"{k} = {v!r}" for k, v in values.items())]
            cell["source"] = "\n".join(lines)
    nbformat.validate(notebook)
    return notebook


# -- the engine


class _Outputs:
    """What a cell shows, in order; text written one after the other is one output."""

    def __init__(self, every_form: bool = False) -> None:
        self.items: list[NotebookNode] = []
        self._every_form = every_form

    def stream(self, name: str, text: str) -> None:
        last = self.items[-1] if self.items else None
        if last is not None and last.output_type == "stream" and last["name"] == name:
            last["text"] += text
        elif text:
            self.items.append(_new(nbformat.v4.new_output, "stream", name=name, text=text))

    def show(self, data: Mapping[str, Any]) -> None:
        kept: dict[str, Any]
        if self._every_form:
            kept = dict(data)
        elif _MARKDOWN in data:
            kept = {_MARKDOWN: str(data[_MARKDOWN])}
        elif set(data) == {_PLAIN}:
            kept = {_PLAIN: str(data[_PLAIN])}
        else:
            kinds = ", ".join(sorted(set(data) - {_PLAIN}))
            raise DxError(
                f"this shows itself as {kinds}, which not every format has: "
                "print its markdown with `#| output: asis`"
            )
        self.items.append(_new(nbformat.v4.new_output, "display_data", data=kept))


class _Stream(io.TextIOBase):
    """A stdout or stderr that adds to a cell's outputs."""

    def __init__(self, name: str, outputs: _Outputs) -> None:
        super().__init__()
        self._name = name
        self._outputs = outputs

    def writable(self) -> bool:
        return True

    def write(self, text: str) -> int:
        self._outputs.stream(self._name, text)
        return len(text)


class _Hook(DisplayHook):
    """Keeps the value of a cell's last expression instead of printing it."""

    def __call__(self, result: Any = None) -> None:
        shell = cast(_Shell, self.shell)
        formatter = shell.display_formatter
        if result is not None and formatter is not None:
            data, _ = cast(Any, formatter).format(result)
            if data:
                shell.outputs.show(data)


class _Publisher(DisplayPublisher):
    """Keeps what `display(...)` shows."""

    def publish(self, data: dict[str, Any], *_: Any, **__: Any) -> None:
        cast(_Shell, self.shell).outputs.show(data)


class _Compiler(CachingCompiler):
    """Names the code of a cell by its place in the document, for the errors in it."""

    where = ""

    def get_code_name(self, raw_code: str, code: str, number: int) -> str:
        return self.where or str(super().get_code_name(raw_code, code, number))


class _Shell(InteractiveShell):
    """An IPython that leaves no trace: no history, no profile folder, no printed traceback."""

    displayhook_class = Type(_Hook)
    display_pub_class = Type(_Publisher)
    compiler_class = Type(_Compiler)
    outputs: _Outputs

    def init_ipython_dir(self, ipython_dir: Any) -> None:  # noqa: ARG002
        self.ipython_dir = ""

    def init_profile_dir(self, profile_dir: Any) -> None:
        pass

    def init_virtualenv(self) -> None:
        pass

    def showtraceback(self, *_: Any, **__: Any) -> None:
        pass

    def showsyntaxerror(self, *_: Any, **__: Any) -> None:
        pass

    def showindentationerror(self) -> None:
        pass


@contextlib.contextmanager
def _shell() -> Iterator[_Shell]:
    """A fresh shell; afterwards the process is as it was."""
    classes = [cls for cls in _Shell.mro() if hasattr(cls, "_instance")]
    missing = object()
    instances = {cls: cls.__dict__.get("_instance", missing) for cls in classes}
    hooks = (sys.displayhook, sys.excepthook, sys.path[:], sys.modules.get("__main__"))
    names = dict(vars(builtins))
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.cache_size = 0
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="To exit: use")
        for cls in classes:
            cls._instance = None
        shell = None
        try:
            module = types.ModuleType("__main__")
            module.__dict__["__builtins__"] = builtins
            shell = _Shell.instance(config=config, user_module=module)
            yield shell
        finally:
            if shell is not None:
                atexit.unregister(shell.atexit_operations)
                cast(Any, shell).restore_sys_module_state()
            for cls, instance in instances.items():
                if instance is missing:
                    if "_instance" in cls.__dict__:
                        del cls._instance
                else:
                    cls._instance = instance
            sys.displayhook, sys.excepthook, sys.path[:], main = hooks
            if main is not None:
                sys.modules["__main__"] = main
            for name in set(vars(builtins)) - set(names):
                delattr(builtins, name)
            vars(builtins).update(names)


class InProcess(Engine):  # type: ignore[misc]
    """papermill's engine that runs the cells, and the inline expressions between them, here."""

    @classmethod
    def execute_managed_notebook(
        cls,
        nb_man: NotebookExecutionManager,
        _kernel_name: str,
        *,
        every_form: bool = False,
        **_: Any,
    ) -> None:
        with _shell() as shell:
            for index, cell in enumerate(nb_man.nb.cells):
                nb_man.cell_start(cell, index)
                if cell.cell_type == "code":
                    _run_cell(shell, cell, every_form)
                elif cell.cell_type == "markdown":
                    _run_inlines(shell, cell)
                nb_man.cell_complete(cell, index)


papermill_engines.register(ENGINE, InProcess)


def _run_cell(shell: _Shell, cell: NotebookNode, every_form: bool) -> None:
    about = cell.metadata.get(_KEY, {})
    if not about.get("evaluate", True):
        return
    outputs = shell.outputs = _Outputs(every_form)
    cast(_Compiler, shell.compile).where = _code_name(about)
    with _redirected(outputs):
        result = cast(Any, shell).run_cell(cell.source, store_history=False)
    error = result.error_before_exec or result.error_in_exec
    if error is not None:
        raise _as_problem(error, about)
    cell.outputs = outputs.items
    cell.execution_count = None


@contextlib.contextmanager
def _redirected(outputs: _Outputs) -> Iterator[None]:
    out, err = _Stream("stdout", outputs), _Stream("stderr", outputs)
    with (
        contextlib.redirect_stdout(cast(TextIO, out)),
        contextlib.redirect_stderr(cast(TextIO, err)),
    ):
        yield


def _as_problem(error: BaseException, about: Mapping[str, Any]) -> BaseException:
    """The exception that leaves the run: the cell's own `DxError`, or one naming the row."""
    file, row = about.get("file"), about.get("row")
    if isinstance(error, DxError):
        return error
    if isinstance(error, KeyboardInterrupt):
        return error
    if file is None or row is None:
        return DxError(f"the parameters cannot be set: {_one_line(error)}")
    where = Where(file, row)
    if isinstance(error, SyntaxError) and error.lineno:
        where = Where(file, row + error.lineno - 1)
    else:
        where = _failing(error) or where
    return DxError(f"{where}: {_one_line(error)}")


_CODE_NAME = re.compile(r"<cell (?P<row>\d+) (?P<file>.+)>")


def _code_name(about: Mapping[str, Any]) -> str:
    return f"<cell {about['row']} {about['file']}>" if "row" in about else ""


def _failing(error: BaseException) -> Where | None:
    """The innermost line of the document that was running when the exception was raised."""
    where, trace = None, error.__traceback__
    while trace is not None:
        cell = _CODE_NAME.fullmatch(trace.tb_frame.f_code.co_filename)
        if cell:
            where = Where(cell["file"], int(cell["row"]) + trace.tb_lineno - 1)
        trace = trace.tb_next
    return where


def _one_line(error: BaseException) -> str:
    message = error.msg if isinstance(error, SyntaxError) else str(error)
    flat = " ".join(message.split())
    name = type(error).__name__
    return f"{name}: {flat}" if flat else name


def _run_inlines(shell: _Shell, cell: NotebookNode) -> None:
    """Put the values of the inline expressions in their places."""
    text, parts, at = cell.source, [], 0
    for inline in cell.metadata.get(_KEY, {}).get("inlines", []):
        parts += [text[at : inline["start"]], _evaluate(shell, inline)]
        at = inline["end"]
    cell.source = "".join([*parts, text[at:]])


def _evaluate(shell: _Shell, inline: Mapping[str, Any]) -> str:
    where = Where(inline["file"], inline["row"])
    outputs = _Outputs()
    try:
        with _redirected(outputs):
            # The document is the project's own program; its cells run in the same way.
            value = eval(inline["expression"], shell.user_ns)
            text = to_text(value)
    except DxError:
        raise
    except SyntaxError as error:
        raise DxError(f"{where}: SyntaxError: {error.msg} in {inline['expression']!r}") from None
    except Exception as error:
        inside = _failing(error)
        place = f"{inside}, called in {where}" if inside else f"{where}"
        raise DxError(f"{place}: {_one_line(error)} in {inline['expression']!r}") from None
    if outputs.items:
        raise DxError(f"{where}: {inline['expression']!r} prints; inline code gives a value")
    return text
