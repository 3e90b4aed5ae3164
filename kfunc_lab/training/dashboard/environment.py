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
    try:
        return not has_kernel() and sys.stderr.isatty()
    except (AttributeError, ValueError):  # there is no standard error, or it is closed
        return False


def is_first_process() -> bool:
    """Tells whether this process is the first of those that train together, or the only one."""
    if not _is_first_task(os.environ.get("TF_CONFIG", "")):
        return False
    jax = sys.modules.get("jax")
    return jax is None or jax.process_index() == 0


def _is_first_task(said: str) -> bool:
    """Tells from TensorFlow's account of a cluster whether this process is its chief.

    Example:
        >>> cluster = '"cluster": {"chief": ["a:1"], "worker": ["b:1"]}'
        >>> _is_first_task('{%s, "task": {"type": "worker", "index": 0}}' % cluster)
        False
    """
    try:
        known = json.loads(said)
        task = known["task"]
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
        # Where nobody is chief, the first worker is.
        chiefs = [it for it in ("chief", "master") if known.get("cluster", {}).get(it)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return True  # it says of no cluster
    return kind in (chiefs or ("worker", "chief", "master")) and index == 0


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
