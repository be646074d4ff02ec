"""The site on this machine alone, as a web server shows it: files only, with security headers."""

from __future__ import annotations

import errno
import io
import os
import stat
from collections.abc import Mapping
from http import HTTPStatus
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from dxreport.errors import DxError

HOST = "127.0.0.1"
PORT = 8000

HEADERS: Mapping[str, str] = {
    # Scripts are allowed, by their hashes, in each page's own policy.
    "Content-Security-Policy": "frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=()",
    # A month may be rendered again at the same address.
    "Cache-Control": "no-cache",
}
"""What every answer carries; docs/nginx.conf sends the same."""

TYPES: Mapping[str, str] = {
    ".html": "text/html; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".json": "application/json",
    ".ipynb": "application/x-ipynb+json",
    ".parquet": "application/vnd.apache.parquet",
    ".pdf": "application/pdf",
    ".docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    ".md": "text/markdown; charset=utf-8",
}
"""The media type of each kind of file that is published; all others are plain bytes."""


class Handler(SimpleHTTPRequestHandler):
    """GET and HEAD of the files below one folder; no listing, no hidden file, no way out."""

    protocol_version = "HTTP/1.1"
    server_version = "dxreport"
    sys_version = ""
    timeout = 30
    root: Path

    def send_head(self) -> io.BytesIO | Any:
        path = self._path()
        if path is None:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        if path.is_dir():
            if not urlsplit(self.path).path.endswith("/"):
                self._to_folder()
                return None
            path /= "index.html"
        # One opening, by name: the whole old file or the whole new one, whatever happens next.
        try:
            file = path.open("rb")
        except OSError:
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        found = os.fstat(file.fileno())
        if not stat.S_ISREG(found.st_mode):
            file.close()
            self.send_error(HTTPStatus.NOT_FOUND)
            return None
        tag = f'"{found.st_mtime_ns:x}-{found.st_ino:x}-{found.st_size:x}"'
        if self.headers.get("If-None-Match") == tag:
            file.close()
            self.send_response(HTTPStatus.NOT_MODIFIED)
            self.send_header("ETag", tag)
            self.end_headers()
            return None
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", TYPES.get(path.suffix, "application/octet-stream"))
        self.send_header("Content-Length", str(found.st_size))
        self.send_header("Last-Modified", self.date_time_string(found.st_mtime))
        self.send_header("ETag", tag)
        self.end_headers()
        return file

    def _path(self) -> Path | None:
        """The file or folder that is asked for, inside the root also through symbolic links."""
        try:
            asked = unquote(urlsplit(self.path).path, errors="strict")
        except ValueError:
            return None
        parts = [part for part in asked.split("/") if part]
        if any(part.startswith(".") or "\0" in part or "\\" in part for part in parts):
            return None
        path = self.root.joinpath(*parts)
        if asked.endswith("/") and not path.is_dir():
            return None
        return path if path.resolve().is_relative_to(self.root) else None

    def _to_folder(self) -> None:
        """A folder's address ends in a slash, or the links in its page lead elsewhere."""
        # One slash at the beginning: two would name another host.
        self.send_response(HTTPStatus.MOVED_PERMANENTLY)
        self.send_header("Location", "/" + urlsplit(self.path).path.strip("/") + "/")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def end_headers(self) -> None:
        for name, value in HEADERS.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: the terminal is for the link."""


class Server(ThreadingHTTPServer):
    """The site in `root` on the loopback interface."""

    daemon_threads = True

    def __init__(self, root: Path, port: int) -> None:
        handler = type("SiteHandler", (Handler,), {"root": root.resolve()})
        super().__init__((HOST, port), handler)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nothing: a reader that went away is no error."""

    @property
    def address(self) -> str:
        return f"http://{HOST}:{self.server_address[1]}/"


def open_server(root: Path, port: int | None = None) -> Server:
    """A server of the site in `root`, listening but not yet answering.

    port: PORT, or a free one where it is taken, if not given; 0 for a free one.
    `DxError` where there is no site, or the port that was asked for cannot be had.
    """
    if not (root / "index.html").is_file():
        raise DxError(f"{root}: has no index.html; run dxreport render first, or name --out DIR")
    try:
        return Server(root, PORT if port is None else port)
    except OSError as error:
        if port is None and error.errno in (errno.EADDRINUSE, errno.EACCES):
            return Server(root, 0)
        raise DxError(f"port {port}: cannot be listened on ({error.strerror})") from None
