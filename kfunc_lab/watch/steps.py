"""Runs a cell statement by statement, for the magic `%%steps`."""

from typing import Any

from IPython.core.error import UsageError

from kfunc_lab.live.call_log import Run
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.locale import _
from kfunc_lab.mistakes.failure import Stopped
from kfunc_lab.watch.recorder import Recorder
from kfunc_lab.watch.report_failure import report_failure


def run_steps(line: str, cell: str) -> Any:
    """Runs a cell statement by statement.

    Args:
        line: The text after `%%steps`: nothing, or `--depth N`.
        cell: The code below.

    Returns:
        A view to scrub through the steps; `None` for an empty cell.

    Raises:
        UsageError: If the line contains anything else.
        Stopped: If a statement failed; its mistake, its traceback and the view are shown above.
    """
    from IPython import get_ipython
    from IPython.display import display

    from kfunc_lab.watch.watch import follower

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
    view = _view(cell, recorder)
    if error is None:
        return view
    if view is not None:
        display(view)  # type: ignore[no-untyped-call]
    message = _("The cell stopped at line {line}.").format(line=recorder.line)
    raise Stopped(message) from error


def _view(cell: str, recorder: Recorder) -> Any:
    from kfunc_lab.watch.steps_view import StepsView

    if recorder.problem is None and recorder.steps:
        try:
            return StepsView(cell, recorder.before, recorder.steps)
        except Exception as problem:
            recorder.problem = problem
    print(recorder.printed(), end="")  # the output must not be lost with the view
    if recorder.problem is not None:
        report_failure(recorder.problem)
    return None


def _depth(line: str) -> int:
    name, _sign, value = line.strip().replace("=", " ").partition(" ")
    if not name:
        return 1
    if name != "--depth" or not value.strip().isdecimal() or int(value) < 1:
        raise UsageError(
            _("{magic} takes {option}, where N is 1 or more; got {got}.").format(
                magic="%%steps", option="--depth N", got=line
            )
        )
    return int(value)
