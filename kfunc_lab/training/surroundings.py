"""Where a training run is watched: a page that draws, a terminal, or a run without a reader."""

import json
import os
import sys
from typing import Any


def shell() -> Any:
    """Returns IPython's shell, if there is one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def has_kernel() -> bool:
    """Tells whether this is a notebook's kernel."""
    return getattr(shell(), "kernel", None) is not None


def is_live() -> bool:
    """Tells whether a page waits for what a cell shows.

    JupyterLab, Notebook, VS Code and Colab say in a cell's request which cell it is of; what only
    runs notebooks, as papermill, nbval and nbconvert do, says nothing.
    """
    if not has_kernel():
        return False
    if "google.colab" in sys.modules:
        return True
    parent: Any = getattr(shell().kernel, "get_parent", dict)()
    return "cellId" in (parent or {}).get("metadata", {})


def is_terminal() -> bool:
    """Tells whether a person reads what is printed."""
    return not has_kernel() and sys.stderr.isatty()


def is_first_process() -> bool:
    """Tells whether this process is the first of those that train together, or the only one."""
    try:
        task = json.loads(os.environ.get("TF_CONFIG") or "{}").get("task", {})
    except (ValueError, AttributeError):
        task = {}
    if task.get("type", "worker") not in ("worker", "chief") or task.get("index", 0):
        return False
    jax = sys.modules.get("jax")
    return jax is None or jax.process_index() == 0


def let_the_page_choose(widget: Any) -> None:
    """Lets a widget's messages come in while its cell runs.

    JupyterLab sends them on a thread of their own. Some versions of ipykernel answer a widget on
    the thread that last wrote to it, which is the one that trains; without that route they go
    where the page sent them.

    Args:
        widget: The widget, before its cell ends.
    """
    comm: Any = getattr(widget, "comm", None)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default
