"""The site over http: what `dxreport serve` and nginx with docs/nginx.conf answer, alike."""

from __future__ import annotations

import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import lxml.html
import pytest

from command import ROOT
from dxreport.errors import DxError
from dxreport.site.server import HEADERS, HOST, TYPES, open_server
from site_helpers import months, put, served

CI = os.environ.get("CI") == "true"
CONFIGURATION = ROOT / "docs" / "nginx.conf"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


def fetch(address: str, path: str, method: str = "GET", **headers: str) -> Answer:
    """One request for exactly this path: nothing is tidied up on the way."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    try:
        connection.putrequest(method, path, skip_accept_encoding=True)
        for name, value in headers.items():
            connection.putheader(name.replace("_", "-"), value)
        connection.endheaders()
        answer = connection.getresponse()
        return Answer(answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read())
    finally:
        connection.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("served")
    (top / "secret.txt").write_text("secret", encoding="utf-8")
    out = top / "site"
    for month in months("2024-08", "2024-09"):
        put(out, month, f"trang-{month}")
    more = out / "2024-09" / "data"
    more.mkdir()
    for kind in TYPES:
        (more / f"tệp{kind}").write_text("x", encoding="utf-8")
    (out / "2024-09" / "no-such-kind.xyz").write_text("x", encoding="utf-8")
    (out / ".hidden").write_text("secret", encoding="utf-8")
    (out / ".2024-09.vm.1.new").mkdir()
    (out / ".2024-09.vm.1.new" / "index.html").write_text("secret", encoding="utf-8")
    return out


def nginx_binary() -> str | None:
    return shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")


@pytest.fixture(scope="module")
def nginx(site: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Debian's nginx with the project's own configuration: other address and folder only."""
    binary = nginx_binary()
    if binary is None:
        reason = "there is no nginx (Debian: apt install nginx)"
        if CI:
            pytest.fail(reason)
        pytest.skip(reason)
    home = tmp_path_factory.mktemp("nginx")
    with socket.socket() as free:
        free.bind((HOST, 0))
        port = free.getsockname()[1]
    text = CONFIGURATION.read_text(encoding="utf-8")
    for line, ours in (
        ("listen 80;", f"listen {HOST}:{port};"),
        ("server_name bao-cao.example.vn;", "server_name localhost;"),
        ("root /srv/www/bao-cao;", f"root {site};"),
    ):
        assert text.count(line) == 1
        text = text.replace(line, ours)
    (home / "site.conf").write_text(text, encoding="utf-8")
    spools = "".join(
        f"{kind}_temp_path {home}/{kind};\n"
        for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    user = "" if os.geteuid() else "user root;\n"
    main = (
        f"{user}daemon off;\nworker_processes 1;\npid {home}/pid;\nerror_log {home}/error.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{spools}include {home}/site.conf;\n}}\n"
    )
    (home / "nginx.conf").write_text(main, encoding="utf-8")
    command = [binary, "-p", str(home), "-c", str(home / "nginx.conf"), "-e", f"{home}/error.log"]
    checked = subprocess.run([*command, "-t"], capture_output=True, encoding="utf-8", check=False)
    assert checked.returncode == 0, checked.stderr
    assert "warn" not in checked.stderr
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    address = f"http://{HOST}:{port}/"
    try:
        end = time.monotonic() + 30
        while True:
            try:
                fetch(address, "/")
                break
            except OSError:
                assert time.monotonic() < end, (home / "error.log").read_text(encoding="utf-8")
                time.sleep(0.05)
        yield address
    finally:
        process.terminate()
        process.wait(30)


@pytest.fixture(scope="module")
def ours(site: Path) -> Iterator[str]:
    with served(site) as address:
        yield address


@pytest.fixture(params=["ours", "nginx"])
def address(request: pytest.FixtureRequest) -> str:
    found: str = request.getfixturevalue(request.param)
    return found


def test_every_answer_has_the_security_headers(address: str) -> None:
    for path in (
        "/",
        "/2024-09/",
        "/2024-09/report.pdf",
        "/2024-09/facts.csv",
        "/none",
        "/.hidden",
    ):
        answer = fetch(address, path)
        for name, value in HEADERS.items():
            assert answer.headers.get(name.lower()) == value, (path, name)
    assert "nginx/" not in fetch(address, "/").headers["server"]


def test_types(address: str) -> None:
    for kind, media in TYPES.items():
        answer = fetch(address, f"/2024-09/data/t%E1%BB%87p{kind}")
        assert (answer.status, answer.body) == (200, b"x")
        assert answer.headers["content-type"] == media
    other = fetch(address, "/2024-09/no-such-kind.xyz")
    assert other.headers["content-type"] == "application/octet-stream"


def test_files_and_folders(address: str, site: Path) -> None:
    for path, name in (
        ("/", "index.html"),
        ("/latest/", "latest/index.html"),
        ("/2024-08/index.html", "2024-08/index.html"),
        ("/2024-08/index.html?from=mail", "2024-08/index.html"),
        ("/2024-09/report.pdf", "2024-09/report.pdf"),
    ):
        answer = fetch(address, path)
        assert answer.status == 200, path
        assert answer.body == (site / name).read_bytes()
    head = fetch(address, "/2024-09/report.pdf", "HEAD")
    assert (head.status, head.body) == (200, b"")
    assert int(head.headers["content-length"]) == (site / "2024-09" / "report.pdf").stat().st_size
    moved = fetch(address, "/2024-09")
    assert (moved.status, moved.headers["location"]) == (301, "/2024-09/")
    again = fetch(address, "/2024-09/", If_None_Match=fetch(address, "/2024-09/").headers["etag"])
    assert (again.status, again.body) == (304, b"")


@pytest.mark.parametrize(
    "path",
    [
        "/../secret.txt",
        "/%2e%2e/secret.txt",
        "/2024-09/../../secret.txt",
        "/2024-09/%2e%2e%2f%2e%2e%2fsecret.txt",
        "/..%5csecret.txt",
        "//../secret.txt",
        "/.hidden",
        "/%2ehidden",
        "/.dxreport.lock",
        "/.2024-09.vm.1.new/index.html",
        "/2024-09/report.pdf/",
        "/none/",
        "/%00",
        "/%ff%fe",
        "/2024-09/data/",
    ],
)
def test_what_is_not_published_is_not_served(address: str, path: str) -> None:
    answer = fetch(address, path)
    assert answer.status in (400, 403, 404), answer
    assert b"secret" not in answer.body
    assert "t\u1ec7p".encode() not in answer.body


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS", "TRACE"])
def test_nothing_but_reading(address: str, method: str) -> None:
    assert fetch(address, "/index.html", method, Content_Length="0").status in (403, 405, 501)


def test_no_host_but_this_one_is_ever_redirected_to(ours: str) -> None:
    for path in ("//example.org/2024-09", "//2024-09", "/\\example.org/"):
        location = fetch(ours, path).headers.get("location", "/")
        assert not location.startswith(("//", "/\\", "http"))


def test_a_link_out_of_the_site_leads_nowhere(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    put(tmp_path / "site", months("2024-09")[0])
    (tmp_path / "site" / "out.txt").symlink_to(tmp_path / "secret.txt")
    with served(tmp_path / "site") as address:
        assert fetch(address, "/out.txt").status == 404


def test_every_link_leads_somewhere_also_below_a_path(site: Path, tmp_path: Path) -> None:
    """As GitHub Pages shows a project: not at the root of its host."""
    shutil.copytree(site, tmp_path / "project", ignore=shutil.ignore_patterns(".*"))
    (tmp_path / "index.html").write_text("", encoding="utf-8")
    with served(tmp_path) as address:
        seen, todo = set(), [f"{address}project/"]
        while todo:
            url = todo.pop()
            if url in seen:
                continue
            seen.add(url)
            answer = fetch(address, urlsplit(url).path)
            assert answer.status == 200, url
            if answer.headers["content-type"].startswith("text/html"):
                hrefs = lxml.html.fromstring(answer.body).xpath("//a/@href")
                todo += [urljoin(url, href).partition("#")[0] for href in hrefs]
    assert all(url.startswith(f"{address}project/") for url in seen)
    assert len(seen) >= 7


def test_a_port_that_is_taken(site: Path) -> None:
    with open_server(site, 0) as first:
        port = first.server_address[1]
        with pytest.raises(DxError, match=f"port {port}: cannot be listened on"):
            open_server(site, int(port))
    with open_server(site) as one, open_server(site) as two:
        assert one.address != two.address
        assert one.server_address[0] == two.server_address[0] == "127.0.0.1"


def test_no_site(tmp_path: Path) -> None:
    with pytest.raises(DxError, match=r"has no index\.html; run dxreport render first"):
        open_server(tmp_path)


def test_the_command_prints_the_link_and_ends_quietly(site: Path) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dxreport", "serve", "--out", str(site), "--port", "0"],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
    )
    assert process.stdout is not None
    address = process.stdout.readline().strip()
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/", address)
    assert fetch(address, "/latest/").status == 200
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (0, "", "")
