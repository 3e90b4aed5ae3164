"""Detects the front end: live notebook, terminal, or batch run."""

import json
import os
import sys
from typing import Any


def shell() -> Any:
    """Returns IPython's shell, if there is one."""
    ipython = sys.modules.get("IPython")
    return ipython.get_ipython() if ipython is not None else None


def has_kernel() -> bool:
    """Tells whether this process is a notebook's kernel."""
    return getattr(shell(), "kernel", None) is not None


def is_live() -> bool:
    """Tells whether a page displays the output of the running cell.

    JupyterLab, Notebook, VS Code and Colab send the id of the cell with its request; programs that
    only execute notebooks, such as papermill, nbval and nbconvert, do not.
    """
    if not has_kernel():
        return False
    if "google.colab" in sys.modules:
        return True
    parent: Any = getattr(shell().kernel, "get_parent", dict)()
    return "cellId" in (parent or {}).get("metadata", {})


def is_terminal() -> bool:
    """Tells whether standard error is a terminal."""
    try:
        return not has_kernel() and sys.stderr.isatty()
    except (AttributeError, ValueError):  # standard error is missing or closed
        return False


def is_first_process() -> bool:
    """Tells whether this is the first of several processes that train together, or the only one."""
    if not _is_first_task(os.environ.get("TF_CONFIG", "")):
        return False
    jax = sys.modules.get("jax")
    return jax is None or jax.process_index() == 0


def _is_first_task(tf_config: str) -> bool:
    """Tells from TensorFlow's `TF_CONFIG` whether this process is the chief of its cluster.

    Example:
        >>> cluster = '"cluster": {"chief": ["a:1"], "worker": ["b:1"]}'
        >>> _is_first_task('{%s, "task": {"type": "worker", "index": 0}}' % cluster)
        False
    """
    try:
        config = json.loads(tf_config)
        task, cluster = config["task"], config.get("cluster", {})
        kind, index = task.get("type", "worker"), int(task.get("index", 0))
        # Without a chief, the first worker is the chief.
        chiefs = [role for role in ("chief", "master") if cluster.get(role)]
    except (ValueError, TypeError, KeyError, AttributeError):
        return True  # there is no cluster
    return kind in (chiefs or ("worker", "chief", "master")) and index == 0


def receive_while_running(widget: Any) -> None:
    """Lets a widget receive messages while its cell runs.

    JupyterLab sends them to a subshell with its own thread. Some versions of ipykernel route the
    messages of a widget to the thread that last wrote to it, which is the training thread; without
    that route they arrive in the subshell.

    Args:
        widget: The widget, before its cell ends.
    """
    comm: Any = getattr(widget, "comm", None)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = lambda _data, default: default
