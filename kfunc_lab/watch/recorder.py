"""Runs the statements of a cell one by one, and takes a snapshot of the graph after each."""

import ast
import io
import linecache
import re
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from types import FrameType
from typing import Any

from IPython.core.inputtransformer2 import leading_empty_lines

from kfunc_lab.live.call_log import Place, Run
from kfunc_lab.live.snapshot import EMPTY, Snapshot
from kfunc_lab.live.source import span, statement_at, statement_lines
from kfunc_lab.live.tracker import Tracker

_TERMINAL_CODES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]|[^\n]?\x08")


_MOST_STEPS = 300  # what comes after them is one step


@dataclass(frozen=True)
class Step:
    """One statement of a cell, and how things stood after it.

    Attributes:
        first: Its first line in the cell, counted from 1. Of a statement in a function that
            another cell defines, that of the statement which called it.
        last: The last line.
        code: The statement.
        depth: 1 for a statement of the cell, 2 within a function that it calls, and so on.
        printed: What it printed.
        snapshot: How the graph stood.
        failed: Whether it raised an exception.
        is_elsewhere: Whether it stands in another cell.
    """

    first: int
    last: int
    code: str
    depth: int
    printed: str
    snapshot: Snapshot
    failed: bool = False
    is_elsewhere: bool = False


class Recorder:
    """Runs the statements of a cell, and notes how the graph stands after each.

    Attributes:
        before: How it stood before the first.
        steps: What was noted.
        problem: What went wrong in noting it; the cell is run to its end all the same.
    """

    def __init__(self, shell: Any, tracker: Tracker, cell: str, depth: int) -> None:
        self.before = Snapshot(EMPTY)
        self.steps: list[Step] = []
        self.problem: Exception | None = None
        self._shell = shell
        self._tracker = tracker
        self._cell = cell
        self._depth = depth
        self._printed = _Printed()
        self._running = (1, 1)  # the lines of the cell's statement

    @property
    def line(self) -> int:
        """The first line of the last statement that was run."""
        return self._running[0]

    def printed(self) -> str:
        """Returns all that the cell printed."""
        return "".join([*(step.printed for step in self.steps), self._printed.take()])

    def run(self) -> BaseException | None:
        """Runs the cell.

        Returns:
            The exception that ended it, if one did.
        """
        with self._noting():
            self.before = self._tracker.snapshot()
        code = self._shell.transform_cell(self._cell)
        lines = code.splitlines(keepends=True)
        parts = _parts(code)
        for first, last in parts:
            self._running = first, last
            part = "".join(lines[first - 1 : last])
            is_last = (first, last) == parts[-1]
            with (
                self._printed.taken(),
                self._tracing(),
                _showing(self._shell, is_last),
                _keeping_lines(self._shell),
            ):
                text = "\n" * (first - 1) + part
                result = self._shell.run_cell(text, store_history=False)
            with self._noting():
                self._note(self._running, part, 1, failed=not result.success)
            if not result.success:
                error: BaseException = result.error_before_exec or result.error_in_exec
                return error
        return None

    @contextmanager
    def _noting(self) -> Iterator[None]:
        try:
            yield
        except Exception as problem:  # the cell goes on
            self.problem = problem

    def _note(
        self,
        lines: tuple[int, int],
        code: str,
        depth: int,
        *,
        failed: bool = False,
        is_elsewhere: bool = False,
        local: Mapping[str, Any] | None = None,
    ) -> None:
        self._tracker.statement_ended(Place("", lines[0]))
        snapshot = self._tracker.snapshot(local=local)
        printed = self._printed.take()
        self.steps.append(
            Step(*lines, code.rstrip(), depth, printed, snapshot, failed, is_elsewhere)
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
        running = latest = 0  # the lines of a statement come in any order

        def line(frame: FrameType, event: str, _arg: Any) -> Any:
            nonlocal running, latest
            if event == "line":
                goes_on = running and _is_same(frame, latest)
                latest = frame.f_lineno
                if goes_on:
                    return line
            if event in ("line", "return"):
                if running:
                    self._note_line(frame, running, depth + 1)
                running = frame.f_lineno if event == "line" else 0
            return line

        return line

    def _is_own(self, frame: FrameType) -> bool:
        is_function = not frame.f_code.co_name.startswith("<")
        return is_function and frame.f_globals is self._shell.user_global_ns

    def _note_line(self, frame: FrameType, line: int, depth: int) -> None:
        if len(self.steps) >= _MOST_STEPS:
            return
        with self._noting():
            self._note_statement(frame, line, depth)

    def _note_statement(self, frame: FrameType, line: int, depth: int) -> None:
        file = frame.f_code.co_filename
        text = "".join(linecache.getlines(file))
        run = self._tracker.log.run or Run(0, 0, "", "")
        lines = statement_lines(text, line)
        here = slice(lines[0] - 1, lines[1])
        is_here = self._cell.splitlines()[here] == text.splitlines()[here]
        self._note(
            lines if is_here else self._running,
            statement_at(Place(file, line), run),
            depth,
            is_elsewhere=not is_here,
            local=frame.f_locals,
        )


def _parts(code: str) -> list[tuple[int, int]]:
    """Returns the first and last lines of each statement; of a cell that is no Python, all."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:  # which running it will show
        return [(1, len(code.splitlines()))]
    parts: list[tuple[int, int]] = []
    for first, last in map(span, statements):
        if parts and first <= parts[-1][1]:  # `a = 1; b = 2` is run at once
            parts[-1] = parts[-1][0], last
        else:
            parts.append((first, last))
    return parts


def _is_same(frame: FrameType, line: int) -> bool:
    """Tells whether a frame has gone from a line to another one of the same statement."""
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


@contextmanager
def _keeping_lines(shell: Any) -> Iterator[None]:
    """Lets a part stand at its own lines of the cell, so that a traceback names them."""
    manager = shell.input_transformer_manager
    before = manager.cleanup_transforms
    manager.cleanup_transforms = [it for it in before if it is not leading_empty_lines]
    try:
        yield
    finally:
        manager.cleanup_transforms = before


class _Printed:
    """What a statement prints: kept with its step."""

    def __init__(self) -> None:
        self._text = io.StringIO()

    @contextmanager
    def taken(self) -> Iterator[None]:
        with redirect_stdout(self._text), redirect_stderr(self._text):
            yield

    def take(self) -> str:
        """Returns what was printed since the last time, as a terminal would show it."""
        text = _TERMINAL_CODES.sub("", self._text.getvalue())
        self._text.seek(0)
        self._text.truncate()
        return re.sub(r"[^\n]*\r(?=[^\r\n])", "", text).replace("\r", "")
