"""Runs a cell statement by statement: what the magic `%%steps` does."""

import ast
import linecache
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from types import FrameType
from typing import Any

from kfunc_lab.live.call_log import Place, Run
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.live.source import span, statement_at, statement_lines
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.locale import _

_MOST_STEPS = 300  # what comes after them is one step


@dataclass(frozen=True)
class Step:
    """One statement of a cell, and how things stood after it.

    Attributes:
        first: Its first line in the cell, counted from 1; 0 if it stands in another cell.
        last: Its last line in the cell.
        code: The statement.
        depth: 1 for a statement of the cell, 2 within a function that it calls, and so on.
        printed: What it printed.
        snapshot: How the graph stood.
        failed: Whether it raised an exception.
    """

    first: int
    last: int
    code: str
    depth: int
    printed: str
    snapshot: Snapshot
    failed: bool = False


class Stopped(Exception):  # noqa: N818 - it ends a cell whose traceback is shown already
    """A statement of the cell has failed."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class Recorder:
    """Runs the statements of a cell, and notes how the graph stands after each."""

    def __init__(self, shell: Any, tracker: Tracker, cell: str, depth: int) -> None:
        self.before = tracker.snapshot()
        self.steps: list[Step] = []
        self._shell = shell
        self._tracker = tracker
        self._cell = cell
        self._depth = depth
        self._printed = _Printed()

    def run(self) -> BaseException | None:
        """Runs the cell.

        Returns:
            The exception that ended it, if one did.

        Raises:
            SyntaxError: If it is no Python.
        """
        code = self._shell.transform_cell(self._cell)
        statements = ast.parse(code).body
        lines = code.splitlines(keepends=True)
        for number, statement in enumerate(statements):
            first, last = span(statement)
            # At its own lines, so that a traceback names them.
            text = "\n" * (first - 1) + "".join(lines[first - 1 : last])
            is_last = number == len(statements) - 1
            with self._printed.taken(), self._tracing(), _showing(self._shell, is_last):
                result = self._shell.run_cell(text, store_history=False)
            self._note(
                first, last, "".join(lines[first - 1 : last]), 1, failed=not result.success
            )
            if not result.success:
                return result.error_before_exec or result.error_in_exec
        return None

    def _note(
        self,
        first: int,
        last: int,
        code: str,
        depth: int,
        *,
        failed: bool = False,
        local: Mapping[str, Any] | None = None,
    ) -> None:
        self._tracker.statement_ended(Place("", first))
        snapshot = self._tracker.snapshot(local=local)
        code = code.rstrip()
        self.steps.append(
            Step(first, last, code, depth, self._printed.take(), snapshot, failed)
        )

    # -- into functions

    @contextmanager
    def _tracing(self) -> Iterator[None]:
        if self._depth == 1:
            yield
            return
        before = sys.gettrace()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(before)

    def _enter(self, frame: FrameType, _event: str, _arg: Any) -> Callable[..., Any] | None:
        """Follows the functions that the notebook defines, so deep as is wanted."""
        if not self._is_own(frame) or len(self.steps) >= _MOST_STEPS:
            return None
        depth = 1 + sum(map(self._is_own, _outer(frame)))
        if depth >= self._depth:
            return None
        running: list[int] = []

        def line(frame: FrameType, event: str, _arg: Any) -> Any:
            if event == "line" and running and _is_same(frame, running[-1]):
                return line  # a statement of several lines
            if event in ("line", "return") and running:
                self._note_line(frame, running.pop(), depth + 1)
            if event == "line":
                running.append(frame.f_lineno)
            return line

        return line

    def _is_own(self, frame: FrameType) -> bool:
        is_function = not frame.f_code.co_name.startswith("<")
        return is_function and frame.f_globals is self._shell.user_global_ns

    def _note_line(self, frame: FrameType, line: int, depth: int) -> None:
        if len(self.steps) >= _MOST_STEPS:
            return
        with suppress(Exception):  # a step less is a smaller harm than a broken cell
            self._note_statement(frame, line, depth)

    def _note_statement(self, frame: FrameType, line: int, depth: int) -> None:
        file = frame.f_code.co_filename
        text = "".join(linecache.getlines(file))
        run = self._tracker.log.run or Run(0, 0, "", "")
        first, last = statement_lines(text, line)
        mine = self._cell.splitlines()[first - 1 : last] == text.splitlines()[first - 1 : last]
        self._note(
            first if mine else 0,
            last if mine else 0,
            statement_at(Place(file, line), run),
            depth,
            local=frame.f_locals,
        )


def _is_same(frame: FrameType, line: int) -> bool:
    """Tells whether a line belongs to the statement that runs."""
    text = "".join(linecache.getlines(frame.f_code.co_filename))
    return line != frame.f_lineno and (
        statement_lines(text, line) == statement_lines(text, frame.f_lineno)
    )


def _outer(frame: FrameType) -> Iterator[FrameType]:
    outer = frame.f_back
    while outer is not None:
        yield outer
        outer = outer.f_back


@contextmanager
def _showing(shell: Any, wanted: bool) -> Iterator[None]:
    """Lets only the cell's last expression show its value, as in any cell."""
    before = shell.ast_node_interactivity
    if not wanted:
        shell.ast_node_interactivity = "none"
    try:
        yield
    finally:
        shell.ast_node_interactivity = before


class _Printed:
    """What a statement prints: kept with its step."""

    def __init__(self) -> None:
        self._text = ""

    @contextmanager
    def taken(self) -> Iterator[None]:
        before = sys.stdout, sys.stderr
        sys.stdout = sys.stderr = self
        try:
            yield
        finally:
            sys.stdout, sys.stderr = before

    def take(self) -> str:
        text, self._text = self._text, ""
        return text

    def write(self, text: str) -> int:
        self._text += text
        return len(text)

    def flush(self) -> None:
        """Does nothing: what is printed is shown with its step."""

    def isatty(self) -> bool:
        return False


def run_steps(line: str, cell: str) -> Any:
    """Runs a cell statement by statement.

    Args:
        line: What stands behind `%%steps`: nothing, or `--depth N`.
        cell: The code below.

    Returns:
        A view to scrub through the steps; nothing for an empty cell.

    Raises:
        ValueError: If the line says something else.
        SyntaxError: If the cell is no Python.
        Stopped: If a statement failed; its own traceback is shown above, and the view.
    """
    from IPython import get_ipython
    from IPython.display import display

    from kfunc_lab.live.steps_view import StepsView
    from kfunc_lab.live.watch import follower

    depth = _depth(line)
    shell = get_ipython()
    followed = follower()
    tracker = Tracker(shell.user_global_ns) if followed is None else followed.tracker
    if followed is None:
        cell_number = len(shell.history_manager.input_hist_raw) - 1
        tracker.begin_run(Run(1, cell_number, "steps", cell))
    recorder = Recorder(shell, tracker, cell, depth)
    try:
        error = recorder.run()
    finally:
        if followed is None:
            tracker.log.stop()
    if not recorder.steps:
        return None
    view = StepsView(cell, recorder.before, recorder.steps)
    if error is None:
        return view
    display(view)  # type: ignore[no-untyped-call]
    line_of_failure = recorder.steps[-1].first
    stopped = Stopped(_("The cell stopped at line {line}.").format(line=line_of_failure))
    raise stopped from error


def _depth(line: str) -> int:
    name, _sign, value = line.strip().replace("=", " ").partition(" ")
    if not name:
        return 1
    if name != "--depth" or not value.strip().isdecimal() or int(value) < 1:
        raise ValueError(
            _("{magic} takes {option} with N from 1 on; this is: {got}").format(
                magic="%%steps", option="--depth N", got=line
            )
        )
    return int(value)
