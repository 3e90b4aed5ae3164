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


_MAX_STEPS = 300  # statements after these are not recorded one by one


@dataclass(frozen=True)
class Step:
    """One statement of a cell, with the state of the graph after it.

    Attributes:
        first: The first line in the cell, counted from 1. For a statement in a function that
            another cell defines, this is the first line of the statement that called it.
        last: The last line.
        code: The source of the statement.
        depth: 1 for a statement of the cell, 2 inside a function that it calls, and so on.
        printed: The text that it printed.
        snapshot: The state of the graph.
        failed: Whether it raised an exception.
        is_elsewhere: Whether it belongs to another cell.
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
    """Runs the statements of a cell, and records the state of the graph after each.

    Attributes:
        before: The state before the first statement.
        steps: The recorded steps.
        problem: An exception that the recording raised; the cell still runs to its end.
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
        """The first line of the last statement that ran."""
        return self._running[0]

    def printed(self) -> str:
        """Returns everything that the cell printed."""
        return "".join([*(step.printed for step in self.steps), self._printed.take()])

    def run(self) -> BaseException | None:
        """Runs the cell.

        Returns:
            The exception that ended it, if one did.
        """
        with self._recording():
            self.before = self._tracker.snapshot()
        code = self._shell.transform_cell(self._cell)
        lines = code.splitlines(keepends=True)
        parts = _parts(code)
        for first, last in parts:
            self._running = first, last
            part = "".join(lines[first - 1 : last])
            is_last = (first, last) == parts[-1]
            with (
                self._printed.captured(),
                self._tracing(),
                _showing_value(self._shell, is_last),
                _keeping_line_numbers(self._shell),
            ):
                text = "\n" * (first - 1) + part
                result = self._shell.run_cell(text, store_history=False)
            with self._recording():
                self._record(self._running, part, 1, failed=not result.success)
            if not result.success:
                error: BaseException = result.error_before_exec or result.error_in_exec
                return error
        return None

    @contextmanager
    def _recording(self) -> Iterator[None]:
        try:
            yield
        except Exception as problem:  # the cell continues
            self.problem = problem

    def _record(
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
        """Traces the functions that the notebook defines, down to the requested depth."""
        if not self._is_own(frame) or len(self.steps) >= _MAX_STEPS:
            return None
        depth = 1 + sum(map(self._is_own, _outer(frame)))
        if depth >= self._depth:
            return None
        running = latest = 0  # a statement's lines run in any order

        def trace_line(frame: FrameType, event: str, _arg: Any) -> Any:
            nonlocal running, latest
            if event == "line":
                is_same_statement = running and _is_same_statement(frame, latest)
                latest = frame.f_lineno
                if is_same_statement:
                    return trace_line
            if event in ("line", "return"):
                if running:
                    self._record_line(frame, running, depth + 1)
                running = frame.f_lineno if event == "line" else 0
            return trace_line

        return trace_line

    def _is_own(self, frame: FrameType) -> bool:
        is_function = not frame.f_code.co_name.startswith("<")
        return is_function and frame.f_globals is self._shell.user_global_ns

    def _record_line(self, frame: FrameType, line: int, depth: int) -> None:
        if len(self.steps) >= _MAX_STEPS:
            return
        with self._recording():
            self._record_statement(frame, line, depth)

    def _record_statement(self, frame: FrameType, line: int, depth: int) -> None:
        file = frame.f_code.co_filename
        text = "".join(linecache.getlines(file))
        run = self._tracker.log.run or Run(0, 0, "", "")
        lines = statement_lines(text, line)
        here = slice(lines[0] - 1, lines[1])
        is_here = self._cell.splitlines()[here] == text.splitlines()[here]
        self._record(
            lines if is_here else self._running,
            statement_at(Place(file, line), run),
            depth,
            is_elsewhere=not is_here,
            local=frame.f_locals,
        )


def _parts(code: str) -> list[tuple[int, int]]:
    """Returns the first and last line of each statement; one part if the code is not Python."""
    try:
        statements = ast.parse(code).body
    except SyntaxError:  # running the cell will show it
        return [(1, len(code.splitlines()))]
    parts: list[tuple[int, int]] = []
    for first, last in map(span, statements):
        if parts and first <= parts[-1][1]:  # `a = 1; b = 2` runs as one part
            parts[-1] = parts[-1][0], last
        else:
            parts.append((first, last))
    return parts


def _is_same_statement(frame: FrameType, line: int) -> bool:
    """Returns whether a frame has moved from a line to another line of the same statement."""
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
def _showing_value(shell: Any, is_last: bool) -> Iterator[None]:
    """Shows the value of the cell's last expression only, as in any cell."""
    before = shell.ast_node_interactivity
    if not is_last:
        shell.ast_node_interactivity = "none"
    try:
        yield
    finally:
        shell.ast_node_interactivity = before


@contextmanager
def _keeping_line_numbers(shell: Any) -> Iterator[None]:
    """Keeps the empty lines before a part, so that a traceback names the lines of the cell."""
    manager = shell.input_transformer_manager
    before = manager.cleanup_transforms
    manager.cleanup_transforms = [step for step in before if step is not leading_empty_lines]
    try:
        yield
    finally:
        manager.cleanup_transforms = before


class _Printed:
    """Captures what a statement prints, to store it with its step."""

    def __init__(self) -> None:
        self._text = io.StringIO()

    @contextmanager
    def captured(self) -> Iterator[None]:
        with redirect_stdout(self._text), redirect_stderr(self._text):
            yield

    def take(self) -> str:
        """Returns the text printed since the last call, as a terminal would show it."""
        text = _TERMINAL_CODES.sub("", self._text.getvalue())
        self._text.seek(0)
        self._text.truncate()
        return re.sub(r"[^\n]*\r(?=[^\r\n])", "", text).replace("\r", "")
