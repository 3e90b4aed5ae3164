"""Starts and stops following a notebook: `lab.watch` and `lab.unwatch`."""

from typing import Any

from kfunc_lab.live.target import Target, nodes_of
from kfunc_lab.live.view import LiveView
from kfunc_lab.locale import _
from kfunc_lab.watch.failed_cells import FailedCells
from kfunc_lab.watch.notebook import Follower


class _Watch:
    """A follower of the notebook, with its view."""

    def __init__(self, shell: Any, target: Any, *, ignore_existing: bool) -> None:
        self.view = LiveView(None if target is None else Target(target))
        ignored = [] if target is None else nodes_of(target)
        self.follower = Follower(shell, self.view.show, ignored, on_end=self.view.draw_soon)
        if ignore_existing:
            self.follower.tracker.ignore_existing()
        self._failed_cells = FailedCells.of(shell)

    def start(self) -> None:
        self.follower.start()
        self._failed_cells.follower = self.follower
        self.follower.show_graph()

    def end(self) -> None:
        self._failed_cells.follower = None
        self.follower.stop()
        self.view.end()


_watch: _Watch | None = None


def watch(target: Any = None) -> LiveView:
    """Follows the notebook: a view of its graph grows with each statement of each cell.

    JupyterLab and Jupyter Notebook dock the view beside the notebook; elsewhere it appears below
    the cell. A second call of `watch` starts again, and its view takes that place.

    Args:
        target: A model to build, or the name of an exercise that has one. The target is drawn
            faintly; calls that match it turn solid, and calls that differ say how. By default
            there is none. For an exercise, calls made before do not count.

    Returns:
        The view, which is displayed already.

    Raises:
        RuntimeError: Outside a notebook or an IPython session.
        TypeError: If no graph can be read from `target`.
        LookupError: If there is no such exercise, or it has no target.

    Example:
        >>> import keras
        >>> inputs = keras.Input((784,), name="img")
        >>> outputs = keras.layers.Dense(10, name="digits")(inputs)
        >>> view = watch(target=keras.Model(inputs, outputs))
        0 of 2 calls match the target
        - img (InputLayer)
        - digits (Dense)
        >>> final_view = unwatch()
    """
    global _watch
    is_exercise = isinstance(target, str)
    if is_exercise:
        from kfunc_lab.lessons.exercises import target_graph

        target = target_graph(target)
    shell = _shell()
    if shell is None:
        raise RuntimeError(
            _(
                "lab.watch follows the cells of a notebook, but this is not one. "
                "lab.graph(model) shows a model anywhere."
            )
        )
    # The lesson has built other models before; they do not belong to the exercise.
    new_watch = _Watch(shell, target, ignore_existing=is_exercise)
    _end()
    _watch = new_watch
    new_watch.start()
    from IPython.display import display

    display(new_watch.view)  # type: ignore[no-untyped-call]
    return new_watch.view


def unwatch() -> Any:
    """Stops following the notebook.

    Returns:
        The current graph, as a view that is no longer updated; `None` if no notebook was
        followed.

    Example:
        >>> view = watch()
        The graph so far
        Define an input to begin: inputs = keras.Input((784,))
        >>> print(unwatch().to_text())
        The graph so far
        Define an input to begin: inputs = keras.Input((784,))
    """
    if _watch is None:
        return None
    view = _watch.view
    if _watch.follower.tracker.log.is_started:
        _watch.follower.show_graph()
    final_view = view.ended()
    _end()
    return final_view


def follower() -> Follower | None:
    """Returns the follower of the notebook; `None` if the notebook is not followed."""
    return None if _watch is None else _watch.follower


def _end() -> None:
    global _watch
    if _watch is not None:
        _watch.end()
    _watch = None


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()
