"""A process with a followed notebook: runs cells, explains what failed, and applies the edit.

The process is an IPython shell of its own, so that no test runs in one. It reads one request a line
from its standard input and answers with one line of JSON.
"""

import contextlib
import io
import json
import linecache
import os
import subprocess
import sys
import time
from pathlib import Path

PREAMBLE = """import numpy as np
import keras
from keras import layers, ops
rng = np.random.default_rng(0)"""


class FollowedNotebook:
    """A notebook that `lab.watch()` follows, in a process of its own."""

    def __init__(self) -> None:
        environment = os.environ | {"TF_CPP_MIN_LOG_LEVEL": "3"}
        root = str(Path(__file__).parents[1])
        environment["PYTHONPATH"] = root + os.pathsep + environment.get("PYTHONPATH", "")
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            text=True,
        )

    def run(self, cells, language="en", check=None, data=None, runs_edit=True):
        """Runs cells until one fails, and runs them again with the edit that is offered.

        Args:
            cells: The sources of the cells.
            language: The language of the explanation.
            check: An expression whose value is part of the answer.
            data: An expression for the data that lint looks at, if nothing fails.
            runs_edit: Whether to run the edited cells.

        Returns:
            A dict: `raised`, `said`, `rule`, `seconds`, `mended` (the edited cells, if an edit
            with its place in the source is offered), `runs` (whether the edited cells run), `lint`
            (the codes of the findings if nothing failed) and `value`.
        """
        request = {"cells": list(cells), "language": language, "check": check}
        request |= {"data": data, "runs_edit": runs_edit}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        assert answer, "the notebook's process has ended"
        return json.loads(answer)

    def close(self) -> None:
        self._process.stdin.close()
        self._process.wait(90)  # TensorFlow frees its graphs


def _serve() -> None:
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # what the cells print is not an answer
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = _answer(**request)
        except Exception as error:
            answer = {"problem": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(answer) + "\n")
        answers.flush()


def _shell(language):
    import keras
    from IPython.core.interactiveshell import InteractiveShell

    import kfunc_lab as lab

    shell = InteractiveShell.instance()
    shell.history_manager.enabled = False
    shell.reset(new_session=True)
    keras.backend.clear_session()
    keras.mixed_precision.set_global_policy("float32")
    linecache.clearcache()
    vars(sys).pop("last_value", None)
    shell.run_cell("import kfunc_lab as lab\nlab.watch()")
    shell.run_cell(PREAMBLE)
    lab.language(language)
    return shell


def _run(shell, cells):
    """Runs cells until one fails, and returns the number of those that ran."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        for number, cell in enumerate(cells):
            if not shell.run_cell(cell).success:
                return number
    return len(cells)


def _answer(cells, language, check, data, runs_edit):
    import kfunc_lab as lab

    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        shell = _shell(language)
    ran = _run(shell, cells)
    if ran == len(cells):
        model = shell.user_ns.get("model")
        data = None if data is None else eval(data, shell.user_ns)
        findings = [] if model is None else list(lab.lint(model, data))
        lint = [it.code for it in findings]
        return {"raised": False, "lint": lint, "value": _value(shell, check)}
    begin = time.perf_counter()
    view = lab.explain()
    answer = {
        "raised": True,
        "error": f"{type(sys.last_value).__name__}: {sys.last_value}"[:500],
        "said": view.to_text(),
        "rule": view.mistake.rule,
        "edit": view.mistake.edit,
        "seconds": time.perf_counter() - begin,
        "failed": ran,
    }
    if view.mended:
        edited = [_edited(cell, view.mended) for cell in cells]
        first = next(n for n, cell in enumerate(edited) if cell != cells[n])
        answer["mended"] = edited
        if not runs_edit:
            return answer
        answer["runs"] = _run(shell, edited[first : ran + 1]) == ran + 1 - first
        answer["value"] = _value(shell, check)
    return answer


def _edited(cell, sources):
    """Returns a cell with the edit, if the edit changes it."""
    for file, source in sources.items():
        if "".join(linecache.getlines(file)).rstrip() == cell.rstrip():
            return source
    return cell


def _value(shell, check):
    return None if check is None else repr(eval(check, shell.user_ns))


if __name__ == "__main__":
    _serve()
