"""The view of a mistake: `lab.explain`, and the view below a cell that fails."""

import sys
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import shape_tuple, short_name
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.locale import _
from kfunc_lab.mistakes.code import Code
from kfunc_lab.mistakes.edit import changed_lines, edited
from kfunc_lab.mistakes.failed_graph import FailedGraph, failed_graph
from kfunc_lab.mistakes.failure import Failure, Stopped, find_failure
from kfunc_lab.mistakes.find import explain_failure
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.ui.text import printable


def explain(exception: BaseException | None = None) -> "MistakeView":
    """Explains an exception that Keras raised: which call failed, why, and what to change.

    Args:
        exception: An exception that was caught; by default the last uncaught one.

    Returns:
        The graph up to the failure, with the failing call in red, and the reason.

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
    """Returns the view of a mistake; `None` if Keras did not raise the exception.

    Args:
        error: The exception.
        tracker: The tracker of the notebook, if the notebook is followed.
    """
    error = _raised(error)
    failure = find_failure(error)
    if failure is None:
        return None
    current = tracker or Tracker({})

    def origin_of(node: Any) -> tuple[str, int] | None:
        origin = current.log.origin(node)
        return None if origin is None else (origin.place.file, origin.place.line)

    try:
        failure, mistake = explain_failure(error, failure, origin_of)
        symbolic = [tensor for tensor in failure.tensors if has_history(tensor)]
        snapshot = current.snapshot(symbolic)
    finally:
        if tracker is None:
            current.log.stop()
    return MistakeView(failure, mistake, snapshot)


def _raised(error: BaseException) -> BaseException:
    """Returns the exception itself; for a stopped cell of `%%steps`, that of its statement."""
    if isinstance(error, Stopped) and error.__cause__ is not None:
        return error.__cause__
    return error


class MistakeView(GraphView):
    """The graph up to a failure, with the mistake and the edit.

    Attributes:
        mistake: The mistake: `rule`, `reason`, `arithmetic`, `edit`.
    """

    def __init__(self, failure: Failure, mistake: Mistake, snapshot: Snapshot) -> None:
        self.mistake = mistake
        failed = failed_graph(failure, mistake.where, snapshot)
        notes = snapshot.annotations
        known = failed.graph.call_of
        marks = {item: mark for item, mark in notes.marks.items() if item in known}
        super().__init__(
            failed.graph,
            annotations=Annotations(
                {**marks, **dict.fromkeys(failed.wrong, "wrong")}, notes.pins, notes.rows
            ),
            heading=mistake.reason,
            remarks=mistake_lines(mistake),
        )
        self._failed_call = _failed_call(failure, failed)
        if failed.wrong:
            self.selected = failed.wrong[0]

    @property
    def mended(self) -> dict[str, str]:
        """The source of each file or cell that the edit changes, with the edit, by file name."""
        changes = self.mistake.changes
        files = {change.file: Code.of(change.file) for change in changes}
        return {
            file: edited(code.text, [change for change in changes if change.file == file])
            for file, code in files.items()
            if code is not None
        }

    def to_text(self) -> str:
        """Returns the failing call, the reason, the arithmetic and the edit, one a line."""
        return "\n".join([self._failed_call, self.mistake.reason, *mistake_lines(self.mistake)])


def mistake_lines(mistake: Mistake) -> list[str]:
    """Returns the arithmetic of a mistake, its edit with the lines that change, and others."""
    edit = mistake.edit and f"→ {mistake.edit}"
    others = [_("or: {edit}").format(edit=other.words) for other in mistake.others]
    lines = [mistake.arithmetic, edit, *_changed_lines(mistake), *others]
    return [line for line in lines if line]


def _changed_lines(mistake: Mistake) -> list[str]:
    files = {change.file: Code.of(change.file) for change in mistake.changes}
    sources = {file: code.text for file, code in files.items() if code is not None}
    return [printable(line) for line in changed_lines(sources, mistake.changes)]


def _failed_call(failure: Failure, failed: FailedGraph) -> str:
    """Names the failing call and the shapes of its inputs."""
    call = failed.graph.call_of.get(failed.wrong[0]) if failed.wrong else None
    name = printable(failure.name or failure.kind)
    kind = f" ({printable(failure.kind)})" if failure.name else ""
    if failure.stage == "tensor":  # Keras only numbers its tensors; the call has a name
        name, kind = (short_name(call), kind) if call is not None else (failure.kind, "")
    shapes = ", ".join(map(shape_tuple, call.inputs)) if call is not None else ""
    if shapes and failure.stage in ("call", "construct"):
        return _("✗ {name}{kind}, called on {shapes}").format(
            name=name, kind=kind, shapes=shapes
        )
    return f"✗ {name}{kind}"
