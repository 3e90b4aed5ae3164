"""Runs the cells of a notebook, explains what fails, and applies the edit to the cells."""

import contextlib
import io
import itertools
import linecache

import kfunc_lab as lab
from kfunc_lab.mistakes.data.cells import is_cell
from kfunc_lab.mistakes.source.edit import edited

_NUMBERS = itertools.count()
_FOLDER = "/tmp/ipykernel_1/"
PREAMBLE = "import numpy as np\nimport keras\nfrom keras import layers, ops\n"


def forget_cells():
    """Forgets the cells of all notebooks before, as a new kernel does."""
    for file in list(filter(is_cell, linecache.cache)):
        del linecache.cache[file]


class Notebook:
    """Cells that share their variables, as in a notebook. Their prints are not shown."""

    def __init__(self, *cells, preamble=PREAMBLE):
        forget_cells()
        self.names = {"__name__": "__main__"}
        self.files, self.cells = [], []
        exec(preamble, self.names)
        self.add(*cells)

    def add(self, *cells):
        """Add cells at the end; return the number of the first."""
        self.files += [f"{_FOLDER}{next(_NUMBERS)}.py" for _ in cells]
        self.cells += cells
        return len(self.cells) - len(cells)

    def run(self, first=0):
        """Run the cells from one on; return the error of the first that fails."""
        for file, cell in zip(self.files[first:], self.cells[first:], strict=True):
            lines = cell.splitlines(keepends=True)
            linecache.cache[file] = (len(cell), None, lines, file)
            try:
                with contextlib.redirect_stdout(io.StringIO()):
                    exec(compile(cell, file, "exec"), self.names)
            except Exception as error:  # raised by the cell, and not by this file
                return error.with_traceback(error.__traceback__.tb_next)
        return None

    def explained(self):
        """Run the cells and return the view of the error that one of them raises."""
        error = self.run()
        assert error is not None, "nothing was raised"
        return lab.explain(error)

    def mended(self, view):
        """Apply the edit and run again from the first changed cell on; return the error."""
        return self.changed(view.mistake)

    def changed(self, mistake):
        """Apply the changes of a mistake, and run again; return the error."""
        changed = []
        for number, file in enumerate(self.files):
            changes = [each for each in mistake.changes if each.file == file]
            if changes:
                self.cells[number] = edited(self.cells[number], changes)
                changed.append(number)
        assert changed, mistake
        return self.run(changed[0])
