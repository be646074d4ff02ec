"""What is wrong with a mapping, in our words: the file, the line, the key, what was expected."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import yaml
from pydantic import BaseModel, ValidationError

_SAID: Final[Mapping[str, str]] = {
    "missing": "is missing",
    "string_type": "expected text",
    "bool_parsing": "expected true or false",
    "bool_type": "expected true or false",
    "int_parsing": "expected a whole number",
    "int_type": "expected a whole number",
    "float_parsing": "expected a number",
    "dict_type": "expected a mapping of keys and values",
    "tuple_type": "expected a text or a list of texts",
    "too_short": "expected at least one spelling",
    "model_type": "expected a mapping of keys and values",
}
_UNIONS: Final = frozenset({"Condition", "Unlisted", "Refuse", "str", "bool", "int", "float"})


def lines_of(
    error: ValidationError,
    node: yaml.Node | None,
    name: str,
    parts: Mapping[str, type[BaseModel]],
) -> list[str]:
    """A line for each thing that pydantic found in the file `name`, whose YAML is `node`.

    `parts` has the model that stands behind a key, "" that of the whole.
    """
    lines: dict[str, None] = {}
    path: list[Any]
    for one in error.errors(include_url=False):
        path = [part for part in one["loc"] if not _is_of_a_union(part)]
        said = _said(one, path, parts)
        if one["type"] == "value_error" and (found := re.match(r"(columns\.[\w.]+): ", said)):
            path, said = list(found[1].split(".")), said[found.end() :]
        where = ".".join(str(part) for part in path)
        row = _row(node, path)
        at = f"{name}, row {row}" if row else name
        lines[f"{at}, key {where}: {said}" if where else f"{at}: {said}"] = None
    return list(lines)


def _is_of_a_union(part: object) -> bool:
    # A step of the path that names which of several types was tried.
    text = str(part)
    return text in _UNIONS or text.startswith(("literal[", "function-", "tuple[", "constrained-"))


def _said(one: Any, path: list[Any], parts: Mapping[str, type[BaseModel]]) -> str:
    kind = str(one["type"])
    context = one.get("ctx") or {}
    if kind == "extra_forbidden":
        return unknown(str(path[-1]), _keys_beside(path, parts))
    if kind == "literal_error":
        return f"expected one of {context['expected']}".replace("'", "").replace(" or ", ", ")
    if kind == "value_error":
        return str(context["error"])
    if kind in ("greater_than_equal", "less_than_equal"):
        sign = "at least" if kind.startswith("greater") else "at most"
        return f"expected {sign} {context.get('ge', context.get('le'))}"
    if kind == "string_pattern_mismatch" and path[-1] == "part":
        return "expected small letters, figures and hyphens, such as bo-tai-chinh"
    if kind == "string_pattern_mismatch":
        return "expected the name of an environment variable, never the address itself"
    return _SAID.get(kind, str(one["msg"]))


def _keys_beside(path: Sequence[Any], parts: Mapping[str, type[BaseModel]]) -> list[str]:
    model = parts[""]
    for part in path[:-1]:
        model = parts.get(str(part), model)
    return [field.alias or name for name, field in model.model_fields.items()]


def _row(node: yaml.Node | None, path: Sequence[Any]) -> int | None:
    """The line of the file in which a key stands, or the nearest key above it that is there."""
    row = None
    for part in path:
        if isinstance(node, yaml.MappingNode):
            found = [(k, v) for k, v in node.value if getattr(k, "value", None) == str(part)]
            if not found:
                return row
            row, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            if part >= len(node.value):
                return row
            node = node.value[part]
            row = node.start_mark.line + 1
        else:
            return row
    return row


def twice(node: yaml.Node | None, name: str) -> Iterator[str]:
    """Keys that a mapping has twice: YAML takes the last and says nothing."""
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key_, value in node.value:
            text = str(getattr(key_, "value", ""))
            if text in seen:
                yield f"{name}, row {key_.start_mark.line + 1}, key {text}: is there twice"
            seen.add(text)
            yield from twice(value, name)
    elif isinstance(node, yaml.SequenceNode):
        for item in node.value:
            yield from twice(item, name)


def unknown(name: str, known: Sequence[str]) -> str:
    """That there is no such name, which ones there are, and the nearest of them."""
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}? " if near else ""
    return f"unknown; {hint}known are {', '.join(known)}"
