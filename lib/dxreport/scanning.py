"""Parquet files as lazy tables, read no further ahead than the processors need."""

from __future__ import annotations

import os
from pathlib import Path

import polars as pl

# Polars reads up to 128 row groups ahead, whatever their size: hundreds of megabytes, where two
# a thread keep every thread at work. It has no other way to be told.
os.environ.setdefault("POLARS_ROW_GROUP_PREFETCH_SIZE", str(2 * pl.thread_pool_size()))


def scan(path: Path) -> pl.LazyFrame:
    """One Parquet file, whatever the current folder is when it is collected."""
    return pl.scan_parquet(path.absolute(), glob=False, hive_partitioning=False)
