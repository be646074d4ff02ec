"""A document's parameters: which it has, and a refusal of any other.

`dxreport render` checks the parameters that it gives. Quarto takes any name in silence, and a
misspelt month would give the report of another one; so the document asks for the check itself.
"""

from __future__ import annotations

import ast

from IPython.core.getipython import get_ipython

from dxreport.errors import DxError

_QUARTO_MARK = "# Injected Parameters"


def assigned(source: str) -> list[str]:
    """The names that the top level of a cell assigns; `SyntaxError` where it is no Python."""
    names = []
    for node in ast.parse(source).body:
        targets = node.targets if isinstance(node, ast.Assign) else []
        if isinstance(node, ast.AnnAssign):
            targets = [node.target]
        names += [target.id for target in targets if isinstance(target, ast.Name)]
    return names


def check(known: list[str], given: list[str]) -> None:
    """`DxError` where a parameter is given that there is not."""
    for name in given:
        if name not in known:
            raise DxError(f"there is no parameter {name!r} (known: {', '.join(known) or 'none'})")


def refuse_unknown() -> None:
    """In the cell after the parameters: refuse those of `quarto render -P` that are not theirs."""
    shell = get_ipython()
    ran = [] if shell is None else shell.user_ns.get("In", [])
    if len(ran) >= 3 and _QUARTO_MARK in ran[-2].splitlines():
        check(assigned(ran[-3]), assigned(ran[-2]))
