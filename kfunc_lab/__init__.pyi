"""The public names, for editors and type checkers, which do not run `__init__.py`."""

from typing import Any

from kfunc_lab import datasets as datasets
from kfunc_lab.activations.view import activations as activations
from kfunc_lab.graph.keras.reader import read_graph as read_graph
from kfunc_lab.graph.lint.run import lint as lint
from kfunc_lab.graph.model.graph_file import load_graph as load_graph
from kfunc_lab.graph.view.comparison_view import compare as compare
from kfunc_lab.graph.view.graph_view import graph as graph
from kfunc_lab.lessons.explore import explore as explore
from kfunc_lab.lessons.feedback import check as check
from kfunc_lab.lessons.feedback import hint as hint
from kfunc_lab.lessons.feedback import solution as solution
from kfunc_lab.lessons.figures.bars import bars as bars
from kfunc_lab.lessons.figures.descent import descent as descent
from kfunc_lab.lessons.figures.digit_pad import digit_pad as digit_pad
from kfunc_lab.lessons.figures.unit import unit as unit
from kfunc_lab.lessons.grading import assert_right as assert_right
from kfunc_lab.lessons.predict import predict as predict
from kfunc_lab.lessons.progress_view import progress as progress
from kfunc_lab.locale import language as language
from kfunc_lab.mistakes.view import explain as explain
from kfunc_lab.shapes.rules.formulas import shape_rule as shape_rule
from kfunc_lab.shapes.view import shapes as shapes
from kfunc_lab.training.curves.view import curves as curves
from kfunc_lab.training.dashboard.callback import TrainingDashboard as TrainingDashboard
from kfunc_lab.training.runs.view import runs as runs
from kfunc_lab.ui.image_grid import pictures as pictures
from kfunc_lab.watch.watch import unwatch as unwatch
from kfunc_lab.watch.watch import watch as watch

__version__: str
__all__: list[str]

def load_ipython_extension(shell: Any) -> None: ...
