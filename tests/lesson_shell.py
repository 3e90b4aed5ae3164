"""A shell in this process that runs one lesson after another.

A kernel for each lesson would import Keras each time.
"""

import gc
import os

import keras
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from papermill.iorw import load_notebook_node
from papermill.parameterize import parameterize_notebook

import kfunc_lab as lab
from kfunc_lab.watch.magics import register


class LessonShell:
    """Runs the cells of notebooks; the text of their outputs is kept."""

    def __init__(self) -> None:
        gc.collect()
        gc.freeze()  # every new notebook collects garbage
        self._shell = InteractiveShell.instance()
        register(self._shell)  # the package was imported before

    def run(self, notebook, folder, parameters) -> str:
        """Runs a notebook with other parameters, and returns the text of its outputs."""
        self._shell.reset(new_session=True)
        keras.backend.clear_session()
        before = os.getcwd()
        os.chdir(folder)
        try:
            cells = parameterize_notebook(load_notebook_node(str(notebook)), parameters).cells
            codes = [cell.source for cell in cells if cell.cell_type == "code"]
            return "\n".join(map(self._run_cell, codes))
        finally:
            lab.unwatch()
            os.chdir(before)

    def end(self) -> None:
        InteractiveShell.clear_instance()

    def _run_cell(self, code) -> str:
        with capture_output() as seen:
            self._shell.run_cell(code).raise_error()
        shown = [output.data.get("text/plain", "") for output in seen.outputs]
        return "\n".join([seen.stdout, *shown])
