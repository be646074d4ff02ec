"""An export that was read: its mapped columns, and what it was."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from dxreport.ingest.mapping import MappingFile
from dxreport.ingest.parsing import Raw, read_export


@dataclass(frozen=True)
class Export:
    """`name` and `sha256` say in the manifest what the rows are from."""

    raw: Raw
    name: str
    sha256: str


def read_file(path: Path, mapping: MappingFile) -> Export:
    """The export in a file. `ContractError` where it is not what the mapping says."""
    raw = read_export(path, mapping)
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Export(raw, path.name, digest)
