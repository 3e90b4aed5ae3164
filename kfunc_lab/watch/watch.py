"""Begins and ends following a notebook: `lab.watch` and `lab.unwatch`."""

import contextlib
import importlib.util
from typing import Any

from kfunc_lab.live.target import Target, nodes_of
from kfunc_lab.live.view import LiveView
from kfunc_lab.locale import _
from kfunc_lab.watch.notebook import Follower


class _Watch:
    """What belongs to one following: a view, its panel, and what follows the cells."""

    def __init__(self, shell: Any, target: Any, *, anew: bool) -> None:
        self.view = LiveView(None if target is None else Target(target))
        apart = [] if target is None else nodes_of(target)
        self.follower = Follower(shell, self.view.show, show_mistake, apart)
        if anew:
            self.follower.tracker.set_aside()
        self.panel = _panel(self.view)

    def end(self) -> None:
        self.follower.stop()
        if self.panel is not None:
            self.panel.close()


_watch: _Watch | None = None


def watch(target: Any = None) -> LiveView:
    """Follows the notebook: a view of its graph grows with each statement of each cell.

    The view is docked beside the notebook where the package `sidecar` is installed, and stands
    below the cell elsewhere. Under a cell that fails while a graph is built or trained, it is
    drawn what happened. Following again begins anew.

    Args:
        target: A model to build, or the name of an exercise that asks for one. It is shown
            faintly; what is built as in the target turns solid, and what differs says how. By
            default there is none. For an exercise, what was built before does not count.

    Returns:
        The view, which has been shown already.

    Raises:
        RuntimeError: If this is no notebook or IPython session.
        TypeError: If `target` is nothing that a graph is read from.
        LookupError: If there is no such exercise, or it has no target.

    Example:
        >>> import keras
        >>> inputs = keras.Input((784,), name="img")
        >>> outputs = keras.layers.Dense(10, name="digits")(inputs)
        >>> view = watch(target=keras.Model(inputs, outputs))
        0 of 2 calls match the target
        - img (InputLayer)
        - digits (Dense)
        >>> ended = unwatch()
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
    # A lesson has built other models before; they are no part of the exercise.
    begun = _Watch(shell, target, anew=is_exercise)
    _end()
    _watch = begun
    begun.follower.start()
    begun.view.show(begun.follower.tracker.snapshot())
    from IPython.display import display

    display(begun.view)  # type: ignore[no-untyped-call]
    return begun.view


def unwatch() -> Any:
    """Ends following the notebook.

    Returns:
        The graph as it stands, as a view that grows no more; nothing if no notebook was
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
        view.show(_watch.follower.tracker.snapshot())
    ended = view.ended()
    _end()
    return ended


def follower() -> Follower | None:
    """Returns what follows the notebook now, if anything does."""
    return None if _watch is None else _watch.follower


def _end() -> None:
    global _watch
    if _watch is not None:
        _watch.end()
    _watch = None


def _shell() -> Any:
    from IPython import get_ipython

    return get_ipython()


def _panel(view: LiveView) -> Any:
    """Docks a view beside the notebook, where that can be."""
    if importlib.util.find_spec("sidecar") is None:
        return None
    with contextlib.suppress(Exception):  # the view still stands below the cell
        from sidecar import Sidecar

        panel = Sidecar(title=_("Graph"), anchor="split-right")
        data, metadata = view.bundle()
        shown = {"output_type": "display_data", "data": data, "metadata": metadata}
        panel.outputs = (shown,)
        return panel
    return None


def draw_mistakes(wanted: bool) -> None:
    """Chooses whether mistakes are drawn under the cells that fail."""
    if _watch is not None:
        _watch.follower.draws_mistakes = wanted


def show_mistake(error: BaseException) -> None:
    """Draws what happened, if Keras raised the exception.

    Args:
        error: The exception.
    """
    from IPython.display import display

    from kfunc_lab.mistakes.view import view_of

    view = view_of(error, None if _watch is None else _watch.follower.tracker)
    if view is not None:
        display(view)  # type: ignore[no-untyped-call]
