"""Shows the mistake when a cell fails: above the traceback on a page, below it in a terminal."""

import sys
from typing import TYPE_CHECKING, Any

from kfunc_lab.watch.report_failure import report_failure

if TYPE_CHECKING:
    from kfunc_lab.watch.notebook import Follower

_NAME = "_kfunc_lab_failed_cells"


class FailedCells:
    """Explains the exceptions that Keras raises in the cells of one IPython session.

    IPython's own handling of an exception stays as it is: its traceback, `sys.last_value`,
    `%debug`, `%tb`, and the reply that the cell failed. On a page the mistake is displayed just
    before IPython shows the traceback, which the page then folds. A terminal scrolls, so there
    the mistake is displayed at the end of the cell, as it is if another tool shows tracebacks.

    Attributes:
        draws: Whether mistakes are displayed.
        follower: The follower of the notebook; `None` if it is not followed.
    """

    def __init__(self, shell: Any) -> None:
        self.draws = True
        self.follower: Follower | None = None
        self._shell = shell
        self._depth = 0
        self._known: BaseException | None = None  # the last exception that needs no view
        self._problem: Exception | None = None
        self._reported = False

    @classmethod
    def of(cls, shell: Any) -> "FailedCells":
        """Returns the one of a session, which begins with the cell that is running."""
        own = getattr(shell, _NAME, None)
        if own is None:
            own = cls(shell)
            setattr(shell, _NAME, own)
            own._start()
        return own

    def _start(self) -> None:
        self._known = getattr(sys, "last_value", None)
        self._shell.events.register("pre_run_cell", self._before_cell)
        self._shell.events.register("post_run_cell", self._after_cell)
        if getattr(self._shell, "kernel", None) is not None:
            self._show_above_tracebacks()

    def _show_above_tracebacks(self) -> None:
        show_traceback = self._shell._showtraceback

        def show(kind: Any, error: Any, lines: Any) -> None:
            try:
                self._show(error, is_above=True)
            finally:  # the reader may interrupt the explanation, but gets the traceback
                show_traceback(kind, error, lines)
            if self._depth <= 1:  # otherwise `%%steps` captures what is printed now
                self._report()

        self._shell._showtraceback = show

    # -- what IPython calls

    def _before_cell(self, _info: Any) -> None:
        self._depth += 1
        if self._depth == 1:  # otherwise a magic runs a cell inside the cell
            self._known = getattr(sys, "last_value", None)

    def _after_cell(self, result: Any) -> None:
        self._depth = max(0, self._depth - 1)
        if self._depth:
            return
        error = getattr(result, "error_in_exec", None)
        if error is None:  # `%%time` shows the exception itself
            error = getattr(sys, "last_value", None)
        self._show(error, is_above=False)
        self._report()
        self._known = None

    # -- the view

    def _show(self, error: Any, *, is_above: bool) -> None:
        """Displays the mistake behind an exception, once."""
        is_new = self.draws and isinstance(error, Exception) and error is not self._known
        if is_new and "keras" in sys.modules:
            try:
                self._display(error, is_above)
            except Exception as problem:
                self._problem = problem

    def _display(self, error: Exception, is_above: bool) -> None:
        from IPython.display import display

        from kfunc_lab.mistakes.view import raised, view_of

        cause = raised(error)
        if cause is self._known:  # `%%steps` has shown it
            return
        self._known = cause
        tracker = None
        if self.follower is not None:
            self.follower.catch_up()
            tracker = self.follower.tracker
        view = view_of(error, tracker, is_above_traceback=is_above)
        if view is not None:
            display(view)  # type: ignore[no-untyped-call]

    def _report(self) -> None:
        """Reports the first view that failed, in one line."""
        if self._problem is not None and not self._reported:
            self._reported = True
            report_failure(self._problem)
        self._problem = None
