"""What the parts of a mapping are made of: texts, spellings, conditions."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator


def _texts(value: Any) -> Any:
    """One text, or several: always a tuple of texts."""
    if isinstance(value, str | int | float | bool):
        return (_text(value),)
    if isinstance(value, list | tuple):
        return tuple(_text(item) for item in value)
    return value


def _text(value: Any) -> Any:
    if isinstance(value, bool):
        # Nobody can tell any more which of true, yes and on was written.
        raise ValueError("expected text: YAML reads No, Yes, On, true as something else; quote it")
    return str(value) if isinstance(value, int | float) else value


Texts = Annotated[tuple[str, ...], BeforeValidator(_texts)]
Spellings = Annotated[Texts, Field(min_length=1)]


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", populate_by_name=True, strict=False)


class Condition(Part):
    """A question about one column of the export, as it stands there."""

    column: Spellings
    in_: Texts | None = Field(None, alias="in")
    not_in: Texts | None = None
    matches: str | None = None
    empty: bool | None = None

    @model_validator(mode="after")
    def _one_question(self) -> Condition:
        asked = [self.in_, self.not_in, self.matches, self.empty]
        if sum(question is not None for question in asked) != 1:
            raise ValueError("expected one of in, not_in, matches, empty")
        regex(self.matches)
        return self


def _conditions(value: Any) -> Any:
    """`true`, one condition or several: always a list of them, none where all is meant."""
    if value is True:
        return ()
    if isinstance(value, dict):
        return (value,)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("expected true, or conditions")
    return value


def _key(value: Any) -> Any:
    """`none`, one heading or several: always a list of them."""
    if value == "none":
        return ()
    if isinstance(value, str):
        return (value,)
    if not isinstance(value, list | tuple) or not value:
        raise ValueError("expected a heading, a list of headings, or none")
    return value


Conditions = Annotated[tuple[Condition, ...], BeforeValidator(_conditions)]


class Record(Part):
    """What tells one record from another where records are counted."""

    key: Annotated[tuple[Spellings, ...], BeforeValidator(_key)]
    within: tuple[Literal["unit_id", "month", "year"], ...] = ()


def regex(pattern: str | None, where: str = "matches: ") -> None:
    if pattern is None:
        return
    try:
        re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{where}no regular expression: {error.msg}") from None
