"""Frames that were counted from known inputs, kept from one run to the next.

A key covers what its caller says that the frames were made of, and this package's own code, the
versions of Python and of every installed package. To find the same key again costs a look at a
small file; to tell it costs the fingerprints of the inputs, which whoever asks has already.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import polars as pl

from dxreport.cache import Cache, pack, unpack, user_cache
from dxreport.inputs import machinery

LEAST: Final = 4 * 1024 * 1024
"""Bytes of records below which counting them again costs no more than to look for what was kept:
some 300 thousand records, which take a tenth of a second."""

Frames = Mapping[str, pl.DataFrame]


@dataclass(frozen=True)
class Keeper:
    """Keeps frames in a store; this program's fingerprint is told once, and only when asked."""

    cache: Cache

    @cached_property
    def _machinery(self) -> str:
        return json.dumps(machinery(), sort_keys=True)

    def key(self, what: str, told: Mapping[str, Any]) -> str:
        """The key of one kind of frames, made of what is `told` (as JSON has it)."""
        whole = [what, json.dumps(told, sort_keys=True), self._machinery]
        return hashlib.sha256("\n".join(whole).encode()).hexdigest()

    def get(self, key: str) -> Frames | None:
        """The frames that were kept under a key; None where there are none."""
        content = self.cache.get(key)
        if content is None:
            return None
        return {name: pl.read_ipc(io.BytesIO(data)) for name, data in unpack(content).items()}

    def put(self, key: str, frames: Frames) -> None:
        """Keep frames under a key; each has at least one column."""
        files = {}
        for name, frame in frames.items():
            data = io.BytesIO()
            frame.write_ipc(data, compression="zstd")
            files[name] = data.getvalue()
        self.cache.put(key, pack(files))


def user_keeper() -> Keeper | None:
    """A keeper in the user's store; None where there is to be none."""
    cache = user_cache()
    return None if cache is None else Keeper(cache)


def fingerprint_of(frame: pl.DataFrame) -> str:
    """A SHA-256 over a small frame's names, types and values."""
    lines = [json.dumps([[name, str(dtype)] for name, dtype in frame.schema.items()])]
    lines += [json.dumps(row, default=str, ensure_ascii=False) for row in frame.iter_rows()]
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()
