"""Follows the cells of a notebook, statement by statement."""

import ast
import builtins
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from kfunc_lab.graph.keras.nodes import earlier_run_checks
from kfunc_lab.live.call_log import Place, Run, notebook_places
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.watch.report_failure import report_failure

# The mark is one of Python's builtins, not a variable of the notebook. It stays defined, because
# a cell may stop the following before the last mark of that cell.
_MARK = "__kfunc_lab_mark__"
_MIN_INTERVAL = 0.1  # seconds between two pictures while a cell runs
_COST_FACTOR = 10  # the interval is also at least this multiple of the time for one picture


class Follower:
    """Follows the cells of one notebook.

    Attributes:
        tracker: Tracks its calls and variables.
    """

    def __init__(
        self,
        shell: Any,
        on_change: Callable[[Snapshot], None],
        ignored: Iterable[Any] = (),
        on_end: Callable[[], None] = lambda: None,
    ) -> None:
        self.tracker = Tracker(shell.user_global_ns, ignored)
        self._shell = shell
        self._on_change = on_change
        self._on_end = on_end
        self._runs = 0
        self._depth = 0
        self._last_line = 1
        self._changed = False
        self._next_picture = 0.0
        self._statement_start = 0.0
        self._failed = False

    def start(self) -> None:
        """Starts following, from the cell that is running."""
        setattr(builtins, _MARK, self._mark)
        self._shell.events.register("pre_run_cell", self._before_cell)
        self._shell.events.register("post_run_cell", self._after_cell)
        self._shell.ast_transformers.append(self)
        earlier_run_checks.append(self.tracker.is_of_earlier_run)
        self.tracker.log.on_new = self._new_call
        self._depth = 1
        self._begin_run("", "")
        self._changed = True

    def stop(self) -> None:
        """Stops following."""
        setattr(builtins, _MARK, _do_nothing)
        self._shell.events.unregister("pre_run_cell", self._before_cell)
        self._shell.events.unregister("post_run_cell", self._after_cell)
        self._shell.ast_transformers.remove(self)
        earlier_run_checks.remove(self.tracker.is_of_earlier_run)
        self.tracker.log.stop()

    # -- what IPython calls

    def _before_cell(self, info: Any) -> None:
        self._depth += 1
        if self._depth > 1:  # a magic runs a cell inside the cell
            return
        self._statement_start = time.monotonic()
        self._begin_run(getattr(info, "cell_id", None) or info.raw_cell, info.raw_cell)

    def _begin_run(self, key: str, source: str) -> None:
        self._runs += 1
        # Some versions of IPython increase the count before they run a cell, others afterwards.
        cell = len(self._shell.history_manager.input_hist_raw) - (not source)
        self.tracker.begin_run(Run(self._runs, cell, key or f"run {self._runs}", source))

    def visit(self, tree: ast.AST) -> ast.AST:
        """Marks the statements of a cell; IPython's list of transformers requires the name.

        Each statement but the first gets a mark before it. The last statement gets none after
        it, because the notebook shows its value.
        """
        if not isinstance(tree, ast.Module) or not tree.body or _is_timing_loop():
            return tree
        marked: list[ast.stmt] = tree.body[:1]
        for before, statement in zip(tree.body, tree.body[1:], strict=False):
            if not (isinstance(statement, ast.ImportFrom) and statement.module == "__future__"):
                marked.append(_mark_after(before, statement))
            marked.append(statement)
        self._last_line = tree.body[-1].lineno
        tree.body = marked
        return tree

    def _mark(self, line: int) -> None:
        try:
            self.statement_ended(Place(sys._getframe(1).f_code.co_filename, line))
        except Exception as error:
            self._report_once(error)

    def _new_call(self) -> None:
        """Updates the view during a statement that makes many calls."""
        self._changed = True
        now = time.monotonic()
        if now >= self._next_picture and now >= self._statement_start + _MIN_INTERVAL:
            places = list(notebook_places(sys._getframe(1), self._shell.user_global_ns))
            self._update(places[-1] if places else Place("", self._last_line))

    def _after_cell(self, _result: Any) -> None:
        self._depth -= 1
        try:
            self.statement_ended(Place("", self._last_line))
            if self._changed:
                self._show()
            self._on_end()
        except Exception as error:
            self._report_once(error)
        self._depth = max(0, self._depth)

    # -- updates of the view

    def statement_ended(self, place: Place) -> None:
        """Updates the view after a statement.

        Args:
            place: The statement's line.
        """
        self._update(place)
        self._statement_start = time.monotonic()

    def catch_up(self) -> None:
        """Notices what a statement did that has just failed."""
        try:
            self._update(Place("", self._last_line))
        except Exception as error:
            self._report_once(error)

    def show_graph(self) -> None:
        """Updates the view at once, and reports the first failure."""
        try:
            self._show()
        except Exception as error:
            self._report_once(error)

    def _update(self, place: Place) -> None:
        self._changed |= self.tracker.statement_ended(place)
        if self._changed and time.monotonic() >= self._next_picture:
            self._show()

    def _show(self) -> None:
        self._changed = False
        begin = time.monotonic()
        self._on_change(self.tracker.snapshot())
        end = time.monotonic()
        self._next_picture = end + max(_MIN_INTERVAL, _COST_FACTOR * (end - begin))

    def _report_once(self, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        report_failure(error)


def _do_nothing(_line: int) -> None:
    """Replaces the mark once the following has stopped."""


def _mark_after(before: ast.stmt, statement: ast.stmt) -> ast.Expr:
    call = ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(before.lineno)], [])
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), statement))


def _is_timing_loop() -> bool:
    """Returns whether `%timeit` is the caller: it would time the marks with the user's code."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_code.co_name == "timeit":
            return True
        frame = frame.f_back
    return False
