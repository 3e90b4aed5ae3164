"""Shows the learning curves of finished training runs: `lab.curves`."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from kfunc_lab.locale import _
from kfunc_lab.training.curves.figures import (
    from_logs,
    single_numbers,
    to_plotly,
    to_svg,
    to_text,
)
from kfunc_lab.training.curves.several import (
    MAX_RUNS,
    Metrics,
    curves_to_svg,
    curves_to_text,
    panels_of,
)
from kfunc_lab.ui.files import save_picture_or_text
from kfunc_lab.ui.text import printable


def curves(history: Any) -> "CurvesView | SeveralCurvesView":
    """Shows the learning curves of a finished training run, or of several.

    Args:
        history: The result of `model.fit`, or its `history`: the values of each epoch by name.
            For several runs, a dict with the name of each and its history; they share the panels.

    Returns:
        A view: an interactive chart in JupyterLab, a picture if there is no kernel, and a table
        as text. Several runs are a picture and tables.

    Raises:
        TypeError: If it holds no values.
        ValueError: If there are more runs than can be told apart.

    Example:
        >>> print(curves({"loss": [0.9, 0.5], "val_loss": [1.0, 0.7]}).to_text())
        epoch    loss  val_loss
            1  0.9000    1.0000
            2  0.5000    0.7000
        >>> print(curves({"shallow": {"loss": [0.9]}, "deep": {"loss": [0.8]}}).to_text())
        loss
        epoch  shallow    deep
            1   0.9000  0.8000
    """
    if _is_several(history):
        return _several(history)
    return CurvesView(_logs_of(history), getattr(history, "epoch", None))


def _is_several(history: Any) -> bool:
    return isinstance(history, Mapping) and any(
        isinstance(getattr(run, "history", run), Mapping) for run in history.values()
    )


def _several(histories: Mapping[Any, Any]) -> "SeveralCurvesView":
    if len(histories) > MAX_RUNS:
        raise ValueError(
            _("These are {n} training runs; at most {most} can be told apart.").format(
                n=len(histories), most=MAX_RUNS
            )
        )
    metrics = [_metrics_of(history) for history in histories.values()]
    return SeveralCurvesView(metrics, [printable(str(name)) for name in histories])


def _metrics_of(history: Any) -> Metrics:
    first = (getattr(history, "epoch", None) or [0])[0]
    return {
        name: dict(enumerate(values, start=first))
        for name, values in single_numbers(_logs_of(history)).items()
    }


def _logs_of(history: Any) -> Mapping[str, Sequence[Any]]:
    logs = getattr(history, "history", history)
    if not isinstance(logs, Mapping) or not all(map(_is_series, logs, logs.values())):
        raise TypeError(
            _(
                "Learning curves need the history that model.fit returns, but this "
                "is of type {got}."
            ).format(got=type(history).__name__)
        )
    if not any(map(len, logs.values())):
        raise TypeError(_("This history is empty: the model has not been trained yet."))
    return logs


class CurvesView:
    """The curves of one training run, with one panel for each quantity."""

    def __init__(
        self, logs: Mapping[str, Sequence[float]], epochs: Sequence[int] | None = None
    ) -> None:
        self.curves = from_logs(logs, epochs)

    def to_text(self) -> str:
        """Returns the values as a table, with one epoch on each line."""
        return to_text(self.curves)

    def to_svg(self) -> str:
        """Returns the picture as SVG that follows the reader's light or dark theme."""
        return to_svg(self.curves)

    def save(self, path: str | Path) -> Path:
        """Saves the curves in the format of the file's suffix.

        Args:
            path: A name that ends in `.svg` or `.txt`.

        Returns:
            The path of the file.

        Raises:
            ValueError: If the name has another ending.
            OSError: If the file cannot be written.
        """
        return save_picture_or_text(path, self)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {
            "application/vnd.plotly.v1+json": to_plotly(self.curves),
            "image/svg+xml": self.to_svg(),
            "text/plain": self.to_text(),
        }


class SeveralCurvesView:
    """The curves of several training runs, with one panel for each quantity."""

    def __init__(self, metrics: Sequence[Metrics], labels: Sequence[str]) -> None:
        self.labels = tuple(labels)
        self.panels = panels_of(metrics, self.labels)

    def to_text(self) -> str:
        """Returns the values as a table for each quantity, with one epoch on each line."""
        return curves_to_text(self.panels)

    def to_svg(self) -> str:
        """Returns the picture as SVG that follows the reader's light or dark theme."""
        return curves_to_svg(self.panels, self.labels)

    def save(self, path: str | Path) -> Path:
        """Saves the curves in the format of the file's suffix, `.svg` or `.txt`.

        Raises:
            ValueError: If the name has another ending.
            OSError: If the file cannot be written.
        """
        return save_picture_or_text(path, self)

    def __repr__(self) -> str:
        return self.to_text()

    def _repr_mimebundle_(self, **_options: Any) -> dict[str, Any]:
        return {"image/svg+xml": self.to_svg(), "text/plain": self.to_text()}


def _is_series(name: Any, values: Any) -> bool:
    if not isinstance(name, str) or not isinstance(values, (list, tuple, np.ndarray)):
        return False
    shapes = {np.shape(value) for value in values}
    numbers = all(np.asarray(value).dtype.kind in "biuf" for value in values)
    return numbers and len(shapes) <= 1
