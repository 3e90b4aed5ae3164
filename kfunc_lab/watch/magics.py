"""The magics `%watch` and `%%steps`, which import their code on first use."""

from typing import Any

from IPython.core.error import UsageError

from kfunc_lab.locale import _
from kfunc_lab.watch.failed_cells import FailedCells


def register(shell: Any) -> None:
    """Registers the magics in an IPython session."""
    shell.register_magic_function(watch, "line", "watch")
    shell.register_magic_function(steps, "cell", "steps")


def watch(line: str) -> Any:
    """Starts following the notebook (`%watch on`) or stops it (`%watch off`).

    `%watch mistakes off` and `%watch mistakes on` set whether mistakes are shown.
    """
    from IPython import get_ipython

    from kfunc_lab.watch import watch as watching

    words = line.split() or ["on"]
    if words == ["on"]:
        watching.watch()
        return None
    if words == ["off"]:
        return watching.unwatch()
    if words[0] == "mistakes" and words[1:] in (["on"], ["off"]):
        FailedCells.of(get_ipython()).draws = words[1] == "on"
        return None
    raise UsageError(
        _("%watch takes one of {choices}, got {got}.").format(
            choices="on, off, mistakes on, mistakes off", got=line
        )
    )


def steps(line: str, cell: str) -> Any:
    """Runs a cell statement by statement (`%%steps`), functions too (`%%steps --depth 2`)."""
    from kfunc_lab.watch.steps import run_steps

    return run_steps(line, cell)
