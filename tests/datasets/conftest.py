"""Fixtures for the tests of datasets: an empty cache and failing networks."""

import socket
import threading
import urllib.request
from types import SimpleNamespace

import pytest

from kfunc_lab.datasets import download


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache, which isolates tests from the user's files."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setattr(download.tempfile, "gettempdir", lambda: str(tmp_path / "temp"))
    folder = tmp_path / "keras" / "datasets"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def no_network(monkeypatch):
    def no_such_host(*_args, **_kwargs):
        raise socket.gaierror("no network in this test")

    monkeypatch.setattr(socket, "getaddrinfo", no_such_host)


@pytest.fixture
def server_answers(monkeypatch):
    monkeypatch.setattr(download, "ask_server", lambda url, patience: None)


@pytest.fixture
def silent_server(monkeypatch):
    """A server that starts to send a file and then stalls.

    Its `requests` holds the requests that it received.
    """
    # The opener of urllib keeps the proxies of an earlier test.
    monkeypatch.setattr(urllib.request, "_opener", None)
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    listening = socket.create_server(("127.0.0.1", 0))
    connections, requests = [], []

    def serve():
        while True:
            try:
                connection, _ = listening.accept()
            except OSError:
                return
            connections.append(connection)
            requests.append(connection.recv(4096))
            if requests[-1].startswith(b"GET"):
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 100000\r\n\r\nPK")

    threading.Thread(target=serve, daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    yield SimpleNamespace(url=url, requests=requests)
    listening.close()
    for connection in connections:
        connection.close()
