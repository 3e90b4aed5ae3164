"""A followed notebook that runs cells, explains what failed, and applies the edit."""

import contextlib
import io
import linecache
import sys
import time

import keras
from mutations.run import Notebook

import kfunc_lab as lab


class FollowedNotebook:
    """A notebook that `lab.watch()` follows, which tells what became of its cells."""

    def __init__(self) -> None:
        self._notebook = Notebook()

    def run(self, cells, language="en", check=None, data=None, runs_edit=True):
        """Runs cells in a new notebook until one fails, and runs them again with its edit.

        Args:
            cells: The sources of the cells.
            language: The language of the explanation.
            check: An expression whose value is part of the answer.
            data: An expression for the data that lint looks at, if nothing fails.
            runs_edit: Whether to run the edited cells.

        Returns:
            A dict: `raised`, `said`, `edit`, `rule`, `seconds`, `mended` (the edited cells, if an
            edit with its place in the source is offered), `runs` (whether the edited cells run),
            `lint` (the codes of the findings if nothing failed) and `value`.
        """
        keras.mixed_precision.set_global_policy("float32")
        with contextlib.redirect_stdout(io.StringIO()):
            self._notebook.begin()
        lab.language(language)
        return self.go_on(cells, check, data, runs_edit)

    def go_on(self, cells, check=None, data=None, runs_edit=True):
        """Does the same with further cells of the notebook."""
        failed, error = self._notebook.run(cells)
        if error is None:
            model = self._notebook.shell.user_ns.get("model")
            data = None if data is None else eval(data, self._notebook.shell.user_ns)
            findings = [] if model is None else list(lab.lint(model, data))
            lint = [it.code for it in findings]
            return {"raised": False, "lint": lint, "value": self._value(check)}
        begin = time.perf_counter()
        view = lab.explain()
        answer = {
            "raised": True,
            "error": f"{type(sys.last_value).__name__}: {sys.last_value}"[:500],
            "said": view.to_text(),
            "rule": view.mistake.rule,
            "edit": view.mistake.edit,
            "seconds": time.perf_counter() - begin,
            "failed": failed,
        }
        if not view.mended:
            return answer
        edited = [_edited(cell, view.mended) for cell in cells]
        first = next(n for n, cell in enumerate(edited) if cell != cells[n])
        answer["mended"] = edited
        if runs_edit:
            answer["runs"] = self._notebook.run(edited[first : failed + 1])[1] is None
            answer["value"] = self._value(check)
        return answer

    def close(self) -> None:
        self._notebook.end()
        keras.mixed_precision.set_global_policy("float32")
        vars(sys).pop("last_value", None)  # refers to the last model

    def _value(self, check):
        return None if check is None else repr(eval(check, self._notebook.shell.user_ns))


def _edited(cell, sources):
    """Returns a cell with the edit, if the edit changes it."""
    for file, source in sources.items():
        if "".join(linecache.getlines(file)).rstrip() == cell.rstrip():
            return source
    return cell
