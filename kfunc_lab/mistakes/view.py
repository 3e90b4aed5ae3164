"""Shows what failed and why: `lab.explain`, and what stands under a cell that fails."""

import sys

from kfunc_lab.graph.keras.nodes import has_history
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import shape_tuple, short_name
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failed_graph import FailedGraph, failed_graph
from kfunc_lab.mistakes.failure import Failure, Stopped, find_failure
from kfunc_lab.mistakes.find import find_mistake
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.ui.text import printable


def explain(exception: BaseException | None = None) -> "MistakeView":
    """Explains an exception that Keras raised: what failed, why, and what to change.

    Args:
        exception: An exception that was caught; by default the last one that was not.

    Returns:
        The graph up to the failure, with the call that failed in red and the reason.

    Raises:
        ValueError: If there is no exception, or it has nothing to do with Keras.

    Example:
        >>> import keras
        >>> try:
        ...     keras.layers.Conv2D(8, 3)(keras.Input((28, 28), name="digits"))
        ... except ValueError as error:
        ...     print(explain(error).mistake.rule)
        missing-channels
    """
    error = exception or getattr(sys, "last_value", None)
    if error is None:
        raise ValueError(_("There is no exception to explain: nothing has failed yet."))
    view = view_of(error, None)
    if view is None:
        raise ValueError(
            _("Keras did not raise this {kind}; its traceback shows where it happened.").format(
                kind=type(_raised(error)).__name__
            )
        )
    return view


def view_of(error: BaseException, tracker: Tracker | None) -> "MistakeView | None":
    """Returns the view of a mistake; nothing for an exception that Keras did not raise.

    Args:
        error: The exception.
        tracker: What follows the notebook, if anything does.
    """
    error = _raised(error)
    failure = find_failure(error)
    mistake = None if failure is None else find_mistake(error, failure)
    if failure is None or mistake is None:
        return None
    given = [it for it in failure.tensors if has_history(it)]
    followed = tracker or Tracker({})
    try:
        snapshot = followed.snapshot(given)
    finally:
        if tracker is None:
            followed.log.stop()
    return MistakeView(failure, mistake, snapshot)


def _raised(error: BaseException) -> BaseException:
    """Returns the exception of the statement that ended a cell of `%%steps`."""
    if isinstance(error, Stopped) and error.__cause__ is not None:
        return error.__cause__
    return error


class MistakeView(GraphView):
    """The graph up to a failure, and what to change.

    Attributes:
        mistake: What does not fit: `rule`, `reason`, `arithmetic`, `edit`.
    """

    def __init__(self, failure: Failure, mistake: Mistake, snapshot: Snapshot) -> None:
        self.mistake = mistake
        found = failed_graph(failure, mistake.where, snapshot)
        said = snapshot.annotations
        known = found.graph.call_of
        marks = {item: mark for item, mark in said.marks.items() if item in known}
        super().__init__(
            found.graph,
            annotations=Annotations(
                {**marks, **dict.fromkeys(found.wrong, "wrong")}, said.pins, said.rows
            ),
            heading=mistake.reason,
            remarks=mistake_lines(mistake),
        )
        self._met = _met(failure, found)
        if found.wrong:
            self.selected = found.wrong[0]

    def to_text(self) -> str:
        """Returns what failed, why, and what to change."""
        return "\n".join([self._met, self.mistake.reason, *mistake_lines(self.mistake)])


def mistake_lines(mistake: Mistake) -> list[str]:
    """Returns the arithmetic and the edit, those that there are."""
    edit = mistake.edit and f"→ {mistake.edit}"
    return [line for line in (mistake.arithmetic, edit) if line]


def _met(failure: Failure, found: FailedGraph) -> str:
    """Says what failed, and which shapes met there."""
    call = found.graph.call_of.get(found.wrong[0]) if found.wrong else None
    name = printable(failure.name or failure.kind)
    kind = f" ({printable(failure.kind)})" if failure.name else ""
    if failure.stage == "tensor":  # Keras counts its tensors; what made one has a name
        name, kind = (short_name(call), kind) if call is not None else (failure.kind, "")
    shapes = ", ".join(map(shape_tuple, call.inputs)) if call is not None else ""
    if shapes and failure.stage in ("call", "construct"):
        return _("✗ {name}{kind}, called on {shapes}").format(
            name=name, kind=kind, shapes=shapes
        )
    return f"✗ {name}{kind}"
