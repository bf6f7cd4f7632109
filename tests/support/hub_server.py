"""A Hugging Face hub on the loopback, as far as its client needs one to fetch a model or a data set."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import unquote

COMMIT = "0123456789abcdef0123456789abcdef01234567"


class HubHandler(BaseHTTPRequestHandler):
    """Serves `models` and `datasets` (hub id -> folder); a hub id in `gated` wants its terms accepted first.

    Every repository has one commit, and the revisions main and refs/convert/parquet, which are that commit.
    """

    models: dict[str, Path]
    datasets: dict[str, Path]
    gated: set[str]
    requests: list[str]

    def do_HEAD(self) -> None:
        self.answer(with_body=False)

    def do_GET(self) -> None:
        self.answer(with_body=True)

    def answer(self, *, with_body: bool) -> None:
        path = self.path.partition("?")[0]
        self.requests.append(path)
        parts = [unquote(part) for part in path.strip("/").split("/")]
        parts = parts[1:] if parts[0] == "api" else parts
        known = self.datasets if parts[0] == "datasets" else self.models
        parts = parts[1:] if parts[0] in ("models", "datasets") else parts
        hub_id, rest = "/".join(parts[:2]), parts[2:]
        if hub_id in self.gated:
            self.send(403, b"{}", {"X-Error-Code": "GatedRepo"}, with_body)
        elif hub_id not in known:
            self.send(404, b"{}", {"X-Error-Code": "RepoNotFound"}, with_body)
        elif rest and rest[1] not in (COMMIT, "main", "refs/convert/parquet"):
            self.send(404, b"{}", {"X-Error-Code": "RevisionNotFound"}, with_body)
        else:
            self.answer_for(hub_id, known[hub_id], rest, with_body=with_body)

    def answer_for(self, hub_id: str, folder: Path, rest: list[str], *, with_body: bool) -> None:
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        if rest[:1] == ["resolve"]:
            content = folder.joinpath(*rest[2:]).read_bytes()
            etag = f'"{hashlib.sha1(content).hexdigest()}"'
            self.send(200, content, {"ETag": etag, "X-Repo-Commit": COMMIT}, with_body)
        elif rest[:1] == ["tree"]:
            self.send_json([self.tree_entry(file, folder) for file in files], with_body)
        else:
            siblings = [{"rfilename": str(file.relative_to(folder))} for file in files]
            self.send_json({"id": hub_id, "sha": COMMIT, "siblings": siblings}, with_body)

    @staticmethod
    def tree_entry(file: Path, folder: Path) -> dict:
        oid = hashlib.sha1(file.read_bytes()).hexdigest()
        return {"type": "file", "path": str(file.relative_to(folder)), "size": file.stat().st_size, "oid": oid}

    def send_json(self, value: object, with_body: bool) -> None:
        self.send(200, json.dumps(value).encode(), {"Content-Type": "application/json"}, with_body)

    def send(self, status: int, body: bytes, headers: dict[str, str], with_body: bool) -> None:
        self.send_response(status)
        for name, value in (headers | {"Content-Length": str(len(body))}).items():
            self.send_header(name, value)
        self.end_headers()
        if with_body:
            self.wfile.write(body)

    def log_message(self, format: str, *arguments: object) -> None:
        """Keep the test's output to itself."""


@contextmanager
def hub_server(
    models: dict[str, Path], gated: Collection[str] = (), datasets: dict[str, Path] | None = None
) -> Iterator[tuple[str, list[str]]]:
    """The address of a running hub, and the paths that it has been asked for so far."""
    requests: list[str] = []
    members = {"models": models, "datasets": datasets or {}, "gated": set(gated), "requests": requests}
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (HubHandler,), members))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}", requests
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
