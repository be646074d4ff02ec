"""A PostgreSQL server of the test's own: in a folder that goes, on a free port of this machine."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl

USER = "dxreport_reader"
PASSWORD = "mat-khau-khong-duoc-lo"


@dataclass(frozen=True)
class Server:
    """A running server; `address` has the password in it."""

    port: int

    @property
    def address(self) -> str:
        return f"postgresql://{USER}:{PASSWORD}@127.0.0.1:{self.port}/postgres"

    def load(self, table: str, frame: pl.DataFrame) -> None:
        """A table of these columns and rows."""
        frame.write_database(table, self.address, engine="adbc", if_table_exists="replace")


def binaries() -> Path | None:
    """Where the server's programs are: on the PATH, or where Debian puts them."""
    if found := shutil.which("initdb"):
        return Path(found).resolve().parent
    places = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    return places[-1].parent if places else None


@contextmanager
def running(programs: Path) -> Iterator[Server]:
    """A server while inside."""
    # The server does not run as root, and its folder must be its user's.
    owner = None if os.getuid() else _unprivileged()
    base = Path(tempfile.mkdtemp(prefix="dxreport-pg-"))
    try:
        secret = base / "secret"
        secret.write_text(PASSWORD)
        if owner:
            for path in (base, secret):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        as_owner = (
            {"user": owner.pw_uid, "group": owner.pw_gid, "extra_groups": []} if owner else {}
        )
        data = base / "data"
        subprocess.run(
            [
                programs / "initdb",
                *("-D", data, "-U", USER, "--pwfile", secret, "-A", "scram-sha-256"),
                *("--locale=C.UTF-8", "-E", "UTF8", "--no-sync"),
            ],
            cwd=base,
            check=True,
            capture_output=True,
            **as_owner,
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        server = subprocess.Popen(
            [
                programs / "postgres",
                *("-D", data, "-p", str(port), "-k", base, "-c", "listen_addresses=127.0.0.1"),
                *("-c", "fsync=off", "-c", "max_connections=20"),
            ],
            cwd=base,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **as_owner,
        )
        try:
            _wait(port, server)
            yield Server(port)
        finally:
            server.terminate()
            server.wait(30)
    finally:
        shutil.rmtree(base, ignore_errors=True)


def _unprivileged() -> pwd.struct_passwd:
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise RuntimeError("there is no user but root to run the server as")


def _wait(port: int, server: subprocess.Popen[bytes]) -> None:
    for _ in range(600):
        if server.poll() is not None:
            raise RuntimeError("the server ended at once")
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise RuntimeError("the server does not answer")
