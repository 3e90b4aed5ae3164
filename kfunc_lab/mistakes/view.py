"""The view of a mistake: `lab.explain`, and the view below a cell that fails."""

import sys
from dataclasses import asdict
from typing import Any

import traitlets

from kfunc_lab.graph.keras.nodes import has_history
from kfunc_lab.graph.model.annotations import Annotations
from kfunc_lab.graph.model.descriptions import shape_tuple, short_name
from kfunc_lab.graph.view.graph_view import GraphView
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failed_graph import FailedGraph, failed_graph
from kfunc_lab.mistakes.failure import Failure, Stopped, find_failure
from kfunc_lab.mistakes.find import explain_failure
from kfunc_lab.mistakes.forms.explanation import explanation_of
from kfunc_lab.mistakes.forms.static_page import mistake_html, page_words
from kfunc_lab.mistakes.forms.static_picture import with_words
from kfunc_lab.mistakes.rule import Mistake
from kfunc_lab.mistakes.source.timed_cell import readable_source
from kfunc_lab.ui.assets import BUNDLES
from kfunc_lab.ui.text import printable


def explain(exception: BaseException | None = None) -> "MistakeView":
    """Explains an exception that Keras raised: which call failed, why, and what to change.

    Args:
        exception: An exception that was caught; by default the last uncaught one.

    Returns:
        The graph up to the failure, with the failing call in red, and the reason.

    Raises:
        TypeError: If `exception` is not an exception.
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
    if not isinstance(error, BaseException):
        raise TypeError(
            _("`lab.explain` takes an exception, got {kind}.").format(kind=type(error).__name__)
        )
    view = view_of(error, None)
    if view is None:
        raise ValueError(
            _("Keras did not raise this {kind}; its traceback shows where it happened.").format(
                kind=type(raised(error)).__name__
            )
        )
    return view


def view_of(
    error: BaseException, tracker: Tracker | None, *, is_above_traceback: bool = False
) -> "MistakeView | None":
    """Returns the view of a mistake; `None` if Keras did not raise the exception.

    Args:
        error: The exception.
        tracker: The tracker of the notebook, if the notebook is followed.
        is_above_traceback: Whether IPython shows the traceback just below the view.
    """
    error = raised(error)
    with readable_source(error):
        return _view_of(error, tracker, is_above_traceback)


def _view_of(
    error: BaseException, tracker: Tracker | None, is_above_traceback: bool
) -> "MistakeView | None":
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
    return MistakeView(
        failure, mistake, snapshot, error=error, is_above_traceback=is_above_traceback
    )


def raised(error: BaseException) -> BaseException:
    """Returns the exception itself; for a stopped cell of `%%steps`, that of its statement."""
    if isinstance(error, Stopped) and error.__cause__ is not None:
        return error.__cause__
    return error


class MistakeView(GraphView):
    """The graph up to a failure, with the mistake and the edit.

    Attributes:
        mistake: The mistake: `rule`, `reason`, `arithmetic`, `edit`.
    """

    _esm = BUNDLES / "mistake.js"
    _css = BUNDLES / "mistake.css"

    _mistake: Any = traitlets.Dict().tag(sync=True)

    def __init__(
        self,
        failure: Failure,
        mistake: Mistake,
        snapshot: Snapshot,
        *,
        error: BaseException,
        is_above_traceback: bool = False,
    ) -> None:
        self.mistake = mistake
        failed = failed_graph(failure, mistake.where, snapshot)
        notes = snapshot.annotations
        known = failed.graph.call_of
        marks = {item: mark for item, mark in notes.marks.items() if item in known}
        self._failed_call = _failed_call(failure, failed)
        self._explanation = explanation_of(mistake, error, is_above_traceback)
        super().__init__(
            failed.graph,
            annotations=Annotations(
                {**marks, **dict.fromkeys(failed.wrong, "wrong")}, notes.pins, notes.rows
            ),
            heading=self._failed_call,
            remarks=(),
        )
        self._mistake = asdict(self._explanation)
        if failed.wrong:
            self.selected = failed.wrong[0]

    @property
    def mended(self) -> dict[str, str]:
        """The source of each file or cell that the edit changes, with the edit, by file name."""
        return {block.file: block.mended for block in self._explanation.blocks}

    def to_svg(self) -> str:
        """Returns the explanation above the picture, as SVG."""
        return with_words(super().to_svg(), self._explanation)

    def page_state(self) -> dict[str, Any]:
        """Returns the state that a page needs to show the mistake without a kernel."""
        return super().page_state() | {"_mistake": self._mistake}

    def _page_words(self) -> dict[str, str]:
        return super()._page_words() | page_words()

    def _repr_mimebundle_(self, **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        data, metadata = super()._repr_mimebundle_(**options)
        if not self._explanation.above_traceback:
            return data, metadata
        picture = super().to_svg() if self._levels and self._items else ""
        page = mistake_html(self._explanation, self._failed_call, picture)
        return data | {"text/html": page}, metadata  # a picture could fold no traceback

    def to_text(self) -> str:
        """Returns the failing call, the reason, the arithmetic and the edit, one a line."""
        return "\n".join([self._failed_call, self.mistake.reason, *self._explanation.lines()])


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
