"""The page of a notebook without a browser: it runs cells in a kernel and answers comms."""

import contextlib
import queue
import threading
import time
from dataclasses import dataclass, field
from typing import Any

from jupyter_client.manager import KernelManager


@dataclass
class CellMessages:
    """The messages from the run of one cell.

    Attributes:
        messages: Every message in order, each with its arrival time and its size in bytes.
    """

    messages: list[tuple[float, int, dict]] = field(default_factory=list)

    def of_type(self, kind: str) -> list[dict]:
        return [it for _at, _size, it in self.messages if it["msg_type"] == kind]

    def text(self, stream: str) -> str:
        return "".join(
            it["content"]["text"]
            for it in self.of_type("stream")
            if it["content"]["name"] == stream
        )

    @property
    def errors(self) -> list[dict]:
        return [it["content"] for it in self.of_type("error")]

    @property
    def updates(self) -> list[tuple[float, int, dict]]:
        """The messages to widgets that already exist."""
        return [it for it in self.messages if it[2]["msg_type"] == "comm_msg"]


class Page:
    """The page of JupyterLab, which sends cell ids and has a subshell of its own."""

    def __init__(self, **environment: str) -> None:
        self._manager = KernelManager(kernel_name="python3")
        self._manager.start_kernel(env=environment)
        self._client = self._manager.client()
        self._client.start_channels()
        self._client.wait_for_ready(timeout=60)
        self._subshell = self._request_control("create_subshell_request")["subshell_id"]

    def close(self) -> None:
        self._client.stop_channels()
        self._manager.shutdown_kernel(now=True)

    def run(
        self, code: str, is_live: bool = True, on_open: Any = None, wait: float = 90
    ) -> CellMessages:
        """Runs a cell to its end.

        Args:
            code: The cell.
            is_live: Whether the request contains the cell id, as requests of pages do.
            on_open: Called with the id of each widget as soon as the widget is displayed.
            wait: The timeout in seconds.
        """
        request = self._client.session.msg("execute_request", _request(code))
        request["metadata"] = {"cellId": "cell"} if is_live else {}
        self._client.shell_channel.send(request)
        heard, end = CellMessages(), time.monotonic() + wait
        while True:
            message = self._client.iopub_channel.get_msg(timeout=end - time.monotonic())
            heard.messages.append((time.monotonic(), _size(message), message))
            opened = _displayed(message)
            if opened and on_open is not None:
                on_open(opened)
            if _is_end(message, request):
                self._drain(heard)
                return heard

    def _drain(self, heard: CellMessages) -> None:
        with contextlib.suppress(queue.Empty):
            while True:
                message = self._client.iopub_channel.get_msg(timeout=0.3)
                heard.messages.append((time.monotonic(), _size(message), message))

    def hello(self, comm: str) -> None:
        """Tells the kernel that the widget is drawn."""
        hello = {"method": "custom", "content": {"type": "hello", "page": "1"}}
        self._send("comm_msg", {"comm_id": comm, "data": hello})

    def close_comm(self, comm: str) -> None:
        """Tells the kernel that the page is closed."""
        self._send("comm_close", {"comm_id": comm, "data": {}})

    def later(self, seconds: float, action: Any) -> None:
        threading.Timer(seconds, action).start()

    def _send(self, kind: str, content: dict) -> None:
        message = self._client.session.msg(kind, content)
        message["header"]["subshell_id"] = self._subshell
        self._client.shell_channel.send(message)

    def _request_control(self, kind: str) -> dict:
        self._client.control_channel.send(self._client.session.msg(kind, {}))
        return self._client.control_channel.get_msg(timeout=20)["content"]


def _request(code: str) -> dict:
    return {
        "code": code,
        "silent": False,
        "store_history": True,
        "user_expressions": {},
        "allow_stdin": False,
        "stop_on_error": True,
    }


def _size(message: dict) -> int:
    import json

    return len(json.dumps(message["content"])) + sum(map(len, message.get("buffers", ())))


def _displayed(message: dict) -> str:
    """Returns the id of the widget that a message displays."""
    if message["msg_type"] != "display_data":
        return ""
    view = message["content"]["data"].get("application/vnd.jupyter.widget-view+json", {})
    return view.get("model_id") or ""


def _is_end(message: dict, request: dict) -> bool:
    is_idle = message["content"].get("execution_state") == "idle"
    return is_idle and message["parent_header"].get("msg_id") == request["header"]["msg_id"]
