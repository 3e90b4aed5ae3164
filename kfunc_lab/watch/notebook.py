"""Follows the cells of a notebook, statement by statement."""

import ast
import builtins
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

from kfunc_lab.live.call_log import Place, Run, notebook_places
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.watch.report_failure import say

# No variable of the notebook: it stands beside Python's own functions, and stays there, because
# a cell may end the following before its own last mark.
_MARK = "__kfunc_lab_mark__"
_MOST_OFTEN = 0.1  # seconds between two pictures while a cell runs
_SHARE = 10  # and at least so many times what a picture costs


class Follower:
    """Follows the cells of one notebook.

    Attributes:
        tracker: What is known of its calls and variables.
        draws_mistakes: Whether mistakes are drawn.
    """

    def __init__(
        self,
        shell: Any,
        on_change: Callable[[Snapshot], None],
        on_error: Callable[[BaseException], None],
        apart: Iterable[Any] = (),
    ) -> None:
        self.tracker = Tracker(shell.user_global_ns, apart)
        self.draws_mistakes = True
        self._shell = shell
        self._on_change = on_change
        self._on_error = on_error
        self._runs = 0
        self._depth = 0
        self._last_line = 1
        self._changed = False
        self._due = 0.0
        self._begun = 0.0  # when the statement did that runs
        self._error_before: BaseException | None = None
        self._failed = False

    def start(self) -> None:
        """Begins to follow, with the cell that is running."""
        setattr(builtins, _MARK, self._mark)
        self._shell.events.register("pre_run_cell", self._before_cell)
        self._shell.events.register("post_run_cell", self._after_cell)
        self._shell.ast_transformers.append(self)
        self.tracker.log.on_new = self._new_call
        self._depth = 1
        self._error_before = getattr(sys, "last_value", None)
        self._begin_run("", "")
        self._changed = True

    def stop(self) -> None:
        """Ends it."""
        setattr(builtins, _MARK, _nothing)
        self._shell.events.unregister("pre_run_cell", self._before_cell)
        self._shell.events.unregister("post_run_cell", self._after_cell)
        self._shell.ast_transformers.remove(self)
        self.tracker.log.stop()

    # -- what IPython calls

    def _before_cell(self, info: Any) -> None:
        self._depth += 1
        if self._depth > 1:  # a magic runs a cell within the cell
            return
        self._error_before = getattr(sys, "last_value", None)
        self._begun = time.monotonic()
        self._begin_run(getattr(info, "cell_id", None) or info.raw_cell, info.raw_cell)

    def _begin_run(self, key: str, source: str) -> None:
        self._runs += 1
        # Some versions of IPython count on before a cell is run, and others after it.
        cell = len(self._shell.history_manager.input_hist_raw) - (not source)
        self.tracker.begin_run(Run(self._runs, cell, key or f"run {self._runs}", source))

    def visit(self, tree: ast.AST) -> ast.AST:
        """Marks the statements of a cell, as IPython's list of transformers asks.

        A mark stands before each statement but the first: nothing follows the last one, whose
        value the notebook shows.
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
            self._say_once(error)

    def _new_call(self) -> None:
        """A statement that makes many calls is followed while it runs."""
        self._changed = True
        now = time.monotonic()
        if now >= self._due and now >= self._begun + _MOST_OFTEN:
            places = list(notebook_places(sys._getframe(1), self._shell.user_global_ns))
            self._look(places[-1] if places else Place("", self._last_line))

    def _after_cell(self, result: Any) -> None:
        self._depth -= 1
        try:
            self.statement_ended(Place("", self._last_line))
            if self._changed:
                self._show()
        except Exception as error:
            self._say_once(error)
        if self._depth <= 0:
            self._depth = 0
            self._show_mistake(result)

    # -- what follows from it

    def statement_ended(self, place: Place) -> None:
        """Looks at how the graph stands after a statement.

        Args:
            place: The statement's line.
        """
        self._look(place)
        self._begun = time.monotonic()

    def _look(self, place: Place) -> None:
        self._changed |= self.tracker.statement_ended(place)
        if self._changed and time.monotonic() >= self._due:
            self._show()

    def _show(self) -> None:
        self._changed = False
        begin = time.monotonic()
        self._on_change(self.tracker.snapshot())
        end = time.monotonic()
        self._due = end + max(_MOST_OFTEN, _SHARE * (end - begin))

    def _show_mistake(self, result: Any) -> None:
        error = getattr(result, "error_in_exec", None)
        if error is None:  # `%%time` shows an exception itself
            last = getattr(sys, "last_value", None)
            error = None if last is self._error_before else last
        self._error_before = None
        if error is None or not self.draws_mistakes:
            return
        try:
            self._on_error(error)
        except Exception as problem:
            self._say_once(problem)

    def _say_once(self, error: Exception) -> None:
        if self._failed:
            return
        self._failed = True
        say(error)


def _nothing(_line: int) -> None:
    """Stands where a mark was."""


def _mark_after(before: ast.stmt, statement: ast.stmt) -> ast.Expr:
    call = ast.Call(ast.Name(_MARK, ast.Load()), [ast.Constant(before.lineno)], [])
    return ast.fix_missing_locations(ast.copy_location(ast.Expr(call), statement))


def _is_timing_loop() -> bool:
    """Tells whether `%timeit` asks: marks would be timed with the user's code."""
    frame = sys._getframe(1)
    while frame.f_back is not None:
        if frame.f_code.co_name == "timeit":
            return True
        frame = frame.f_back
    return False
