"""A store of what was made from known inputs, by the fingerprint of these inputs.

An entry is one file: a line with the SHA-256 of the rest, then the rest. It is written aside and
renamed, so that runs side by side never see half of one; an entry that is not whole is a miss and
goes. What was not used for longest goes first where the store grows beyond its bound.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

VARIABLE: Final = "DXREPORT_CACHE"
"""The environment variable that names another folder, or says `off`."""

BOUND: Final = 512 * 1024 * 1024
_SUFFIX: Final = ".dxr"
_DATE: Final = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Cache:
    """A folder of entries; `bound` is how many bytes they may take."""

    folder: Path
    bound: int = BOUND

    def get(self, key: str) -> bytes | None:
        """The content kept under a key; None where there is none, or it is damaged."""
        path = self._path(key)
        try:
            entry = path.read_bytes()
        except OSError:
            return None
        head, _, content = entry.partition(b"\n")
        if head != hashlib.sha256(content).hexdigest().encode():
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def put(self, key: str, content: bytes) -> None:
        """Keep content under a key. A store that cannot be written to keeps nothing."""
        path = self._path(key)
        digest = hashlib.sha256(content).hexdigest().encode()
        partial = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            with tempfile.NamedTemporaryFile(dir=path.parent, delete=False) as file:
                partial = Path(file.name)
                file.write(digest + b"\n" + content)
            partial.replace(path)
        except OSError:
            if partial is not None:
                partial.unlink(missing_ok=True)
            return
        self._prune(path)

    def _path(self, key: str) -> Path:
        return self.folder / f"{key}{_SUFFIX}"

    def _prune(self, newest: Path) -> None:
        """Remove the longest unused entries, but the newest, until the rest is within the bound."""
        entries, size = [], 0
        for path in self.folder.glob(f"*{_SUFFIX}"):
            with contextlib.suppress(OSError):
                about = path.stat()
                size += about.st_size
                entries.append((about.st_mtime_ns, about.st_size, path))
        for _, bytes_, path in sorted(entries):
            if size <= self.bound:
                return
            if path != newest:
                with contextlib.suppress(OSError):
                    path.unlink()
                    size -= bytes_


def user_cache() -> Cache | None:
    """The user's store: DXREPORT_CACHE, or dxreport/steps in XDG_CACHE_HOME or ~/.cache."""
    chosen = os.environ.get(VARIABLE, "")
    if chosen == "off":
        return None
    if chosen:
        return Cache(Path(chosen))
    base = os.environ.get("XDG_CACHE_HOME") or ""
    try:
        folder = Path(base) if base else Path.home() / ".cache"
    except RuntimeError:
        return None
    return Cache(folder / "dxreport" / "steps")


def pack(files: Mapping[str, bytes]) -> bytes:
    """Files as one content, the same bytes for the same files."""
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            archive.writestr(zipfile.ZipInfo(name, _DATE), files[name])
    return whole.getvalue()


def unpack(content: bytes) -> dict[str, bytes]:
    """What `pack` was given."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}
