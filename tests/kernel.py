"""A real kernel that runs cells one by one, like a notebook."""

import json
from pathlib import Path
from textwrap import dedent

from jupyter_client.manager import start_new_kernel

TESTS = Path(__file__).parent


class Kernel:
    """A running kernel."""

    def __init__(self) -> None:
        self.manager, self.client = start_new_kernel(kernel_name="python3")

    def run(self, code: str, cell_id: str = "") -> list[dict]:
        """Runs a cell, and returns the outputs that a notebook would show."""
        shown = []

        def note(message):
            kind, content = message["msg_type"], message["content"]
            if kind in ("stream", "display_data", "execute_result", "error"):
                shown.append({"kind": kind, **content})

        # Frontends send the id of the cell, which identifies a rerun.
        session = self.client.session
        message = session.msg(
            "execute_request",
            {
                "code": dedent(code).strip("\n"),
                "silent": False,
                "store_history": True,
                "user_expressions": {},
                "allow_stdin": False,
                "stop_on_error": False,
            },
        )
        message["metadata"]["cellId"] = cell_id
        self.client.shell_channel.send(message)
        wanted = message["header"]["msg_id"]
        while True:
            got = self.client.get_iopub_msg(timeout=120)
            if got["parent_header"].get("msg_id") != wanted:
                continue
            if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                break
            note(got)
        return shown

    def text(self, code: str) -> str:
        """Runs a cell, and returns what it prints."""
        outputs = self.run(code)
        assert not [it for it in outputs if it["kind"] == "error"], outputs
        return "".join(it["text"] for it in outputs if it["kind"] == "stream").strip()

    def follow(self) -> None:
        """Starts to watch the notebook and to record the graph after each statement."""
        self.run(
            f"""
            import sys
            sys.path.insert(0, {str(TESTS)!r})
            import statement_log
            statement_log.begin()
            del sys, statement_log
            """
        )
        self.states()

    def states(self) -> list[dict]:
        """Returns the states recorded since the last call, one for each statement."""
        return json.loads(self.text("print(__import__('statement_log').take())"))

    def end(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)
