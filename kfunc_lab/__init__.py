"""See a Keras functional model while you write it.

The public names are loaded on first use, so that importing the package costs next to nothing
and never loads Keras:

    import kfunc_lab as lab

    lab.graph(model)
"""

import importlib
import sys
import types
from typing import Any

__version__ = "0.1.0"

_PUBLIC = {
    "TrainingDashboard": "kfunc_lab.training.dashboard.callback",
    "activations": "kfunc_lab.activations.view",
    "assert_right": "kfunc_lab.lessons.grading",
    "bars": "kfunc_lab.lessons.figures.bars",
    "check": "kfunc_lab.lessons.feedback",
    "compare": "kfunc_lab.graph.view.comparison_view",
    "curves": "kfunc_lab.training.curves.view",
    "datasets": "kfunc_lab.datasets",
    "descent": "kfunc_lab.lessons.figures.descent",
    "digit_pad": "kfunc_lab.lessons.figures.digit_pad",
    "explain": "kfunc_lab.mistakes.view",
    "explore": "kfunc_lab.lessons.explore",
    "graph": "kfunc_lab.graph.view.graph_view",
    "hint": "kfunc_lab.lessons.feedback",
    "language": "kfunc_lab.locale",
    "lint": "kfunc_lab.graph.lint.run",
    "load_graph": "kfunc_lab.graph.model.graph_file",
    "pictures": "kfunc_lab.ui.image_grid",
    "predict": "kfunc_lab.lessons.predict",
    "progress": "kfunc_lab.lessons.progress_view",
    "read_graph": "kfunc_lab.graph.keras.reader",
    "runs": "kfunc_lab.training.runs.view",
    "shape_rule": "kfunc_lab.shapes.rules.formulas",
    "shapes": "kfunc_lab.shapes.view",
    "solution": "kfunc_lab.lessons.feedback",
    "unit": "kfunc_lab.lessons.figures.unit",
    "unwatch": "kfunc_lab.watch.watch",
    "watch": "kfunc_lab.watch.watch",
}

__all__ = sorted(_PUBLIC)


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = importlib.import_module(_PUBLIC[name])
    value = module if module.__name__ == f"{__name__}.{name}" else getattr(module, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


class _Package(types.ModuleType):
    """A module in which `lab.graph` stays a function after `kfunc_lab.graph` is imported.

    Importing a subpackage binds its name in the package, which would hide the public function of
    the same name.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        hides_function = _PUBLIC.get(name, f"{__name__}.{name}") != f"{__name__}.{name}"
        if not (hides_function and isinstance(value, types.ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package


def load_ipython_extension(shell: Any) -> None:
    """Registers `%watch` and `%%steps`, and explains cells that fail: `%load_ext kfunc_lab`."""
    from kfunc_lab.watch.failed_cells import FailedCells
    from kfunc_lab.watch.magics import register

    register(shell)
    FailedCells.of(shell)


def _start_in_notebook() -> None:
    """Does the same when a notebook imports the package."""
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    if shell is not None:
        load_ipython_extension(shell)


_start_in_notebook()
