"""Runs the cells of a notebook, explains what fails, and applies the edit to the cells."""

import itertools
import linecache

import kfunc_lab as lab
from kfunc_lab.mistakes.source.edit import edited

_NUMBERS = itertools.count()
PREAMBLE = "import numpy as np\nimport keras\nfrom keras import layers, ops\n"


class Notebook:
    """Cells that share their variables, as in a notebook."""

    def __init__(self, *cells, preamble=PREAMBLE):
        self.names = {"__name__": "__main__"}
        self.files = [f"/cells/{next(_NUMBERS)}.py" for _ in cells]
        self.cells = list(cells)
        exec(preamble, self.names)

    def run(self, first=0):
        """Run the cells from one on; return the error of the first that fails."""
        for file, cell in zip(self.files[first:], self.cells[first:], strict=True):
            lines = cell.splitlines(keepends=True)
            linecache.cache[file] = (len(cell), None, lines, file)
            try:
                exec(compile(cell, file, "exec"), self.names)
            except Exception as error:
                return error
        return None

    def explained(self):
        """Run the cells and return the view of the error that one of them raises."""
        error = self.run()
        assert error is not None, "nothing was raised"
        return lab.explain(error)

    def mended(self, view):
        """Apply the edit and run again from the first changed cell on; return the error."""
        changed = []
        for number, file in enumerate(self.files):
            changes = [each for each in view.mistake.changes if each.file == file]
            if changes:
                self.cells[number] = edited(self.cells[number], changes)
                changed.append(number)
        assert changed, view.to_text()
        return self.run(changed[0])
