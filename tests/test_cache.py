"""The store of what was made: whole or not at all, bounded, and safe side by side."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from dxreport.cache import Cache, pack, unpack, user_cache


def test_what_was_put_is_got(tmp_path: Path) -> None:
    cache = Cache(tmp_path / "store")
    assert cache.get("a") is None
    cache.put("a", b"one\ntwo")
    cache.put("b", b"")
    assert cache.get("a") == b"one\ntwo"
    assert cache.get("b") == b""


def test_a_damaged_entry_is_a_miss_and_goes(tmp_path: Path) -> None:
    cache = Cache(tmp_path)
    content = bytes(range(256)) * 4
    cache.put("a", content)
    (path,) = tmp_path.iterdir()
    whole = path.read_bytes()
    flipped = [whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in range(0, 1000, 37)]
    for damaged in (*flipped, whole[:-1], whole + b"x", whole[:64], b""):
        path.write_bytes(damaged)
        assert cache.get("a") is None
        assert not path.exists()
    cache.put("a", content)
    assert cache.get("a") == content


def test_the_longest_unused_go_first(tmp_path: Path) -> None:
    cache = Cache(tmp_path, bound=3_500)
    for number, name in enumerate("abc"):
        cache.put(name, bytes(1_000))
        os.utime(tmp_path / f"{name}.dxr", (number, number))
    assert cache.get("a") is not None  # and so it was used last
    cache.put("d", bytes(1_000))
    assert [name for name in "abcd" if cache.get(name) is not None] == ["a", "c", "d"]
    cache.put("large", bytes(10_000))
    assert cache.get("large") is not None


def test_a_store_that_cannot_be_written_keeps_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    cache = Cache(tmp_path / "file")
    cache.put("a", b"x")
    assert cache.get("a") is None


def test_runs_side_by_side_never_see_half_of_an_entry(tmp_path: Path) -> None:
    cache = Cache(tmp_path, bound=300_000)
    contents = {f"key{number}": bytes([number]) * 50_000 for number in range(8)}

    def work(turn: int) -> bool:
        key = f"key{turn % 8}"
        if turn % 3:
            cache.put(key, contents[key])
        return cache.get(key) in (None, contents[key])

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(work, range(400)))
    assert {path.suffix for path in tmp_path.iterdir()} == {".dxr"}


def test_files_are_packed_to_the_same_bytes() -> None:
    files = {"index.html": b"<p>", "notebooks/a.ipynb": b"{}", "empty": b""}
    assert unpack(pack(files)) == files
    assert pack(files) == pack(dict(reversed(files.items())))


def test_the_environment_says_where_or_off(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setenv("DXREPORT_CACHE", "off")
    assert user_cache() is None
    monkeypatch.setenv("DXREPORT_CACHE", str(tmp_path))
    assert user_cache() == Cache(tmp_path)
    monkeypatch.delenv("DXREPORT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert user_cache() == Cache(tmp_path / "dxreport" / "steps")


@pytest.mark.parametrize("name", ["a", "index.html"])
def test_an_entry_is_for_its_user_alone(name: str, tmp_path: Path) -> None:
    cache = Cache(tmp_path / "store")
    cache.put(name, b"x")
    assert (tmp_path / "store").stat().st_mode & 0o077 == 0
