"""Exports training runs as CSV and as event files for TensorBoard."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.training.runs.store import Run

_VALIDATION = "val_"


def to_csv(run: Run) -> str:
    """Returns a run as CSV, with one epoch on each line.

    Args:
        run: The run.

    Returns:
        A line of names, then a line for each epoch: its number, counted from 1 as in the output
        of `fit`, its metrics, and its measures as `layer/name`. Missing values are empty.

    Example:
        >>> run = Run("1", "baseline", 0, None, "finished", {}, {"loss": {0: 0.5, 1: 0.25}})
        >>> print(to_csv(run), end="")
        epoch,loss
        1,0.5
        2,0.25
    """
    columns = columns_of([run])
    return csv_text(["epoch", *columns], rows_of(run, columns))


def csv_text(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Returns rows as CSV below the names of their columns."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def columns_of(runs: Iterable[Run]) -> list[str]:
    """Returns the names of the columns of runs, with metrics before measures."""
    runs = list(runs)
    metrics = dict.fromkeys(name for run in runs for name in run.metrics)
    measures = dict.fromkeys(key for run in runs for key in run.measures)
    return [*metrics, *map("/".join, measures)]


def rows_of(run: Run, columns: Sequence[str]) -> list[list[Any]]:
    """Returns a row for each epoch of a run: its number from 1, and the values of the columns.

    Args:
        run: The run.
        columns: The result of `columns_of`.

    Returns:
        The rows, with `None` for missing values.
    """
    series = _series(run)
    epochs = sorted({epoch for values in series.values() for epoch in values})
    return [
        [epoch + 1, *(series.get(name, {}).get(epoch) for name in columns)] for epoch in epochs
    ]


def _series(run: Run) -> dict[str, Mapping[int, float]]:
    measures = {"/".join(key): values for key, values in run.measures.items()}
    return {**measures, **run.metrics}


def to_tensorboard(run: Run, folder: str | Path) -> Path:
    """Writes a run as event files for TensorBoard.

    Like Keras's own callback, it writes metrics as `epoch_loss` into the folder `train` and
    validation metrics under the same names into `validation`, and counts epochs from 0. The
    measures of layers are in `train`, as `layer/name`.

    Args:
        run: The run.
        folder: The parent of both folders; `tensorboard --logdir FOLDER` shows them. Earlier
            files of the same run are replaced.

    Returns:
        The folder.

    Raises:
        ImportError: If TensorFlow, which writes the files, is not installed.
        OSError: If the files cannot be written.
    """
    tf, folder = _tensorflow(), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    training: dict[str, Mapping[int, float]] = {}
    validation: dict[str, Mapping[int, float]] = {}
    for name, values in run.metrics.items():
        scalars = validation if name.startswith(_VALIDATION) else training
        scalars[f"epoch_{name.removeprefix(_VALIDATION)}"] = values
    training |= {"/".join(key): values for key, values in run.measures.items()}
    suffix = f".{run.id}.v2"
    _write_events(tf, folder / "train", training, suffix)
    _write_events(tf, folder / "validation", validation, suffix)
    return folder


def _write_events(
    tf: Any, folder: Path, scalars: Mapping[str, Mapping[int, float]], suffix: str
) -> None:
    """Writes scalars into one event file, which replaces earlier files with the same suffix."""
    files = folder.glob("events.out.tfevents.*")
    earlier = [path for path in files if path.name.endswith(suffix)]
    if scalars:
        _write_scalars(tf, folder, scalars, suffix)
    for path in earlier:
        path.unlink(missing_ok=True)


def _write_scalars(
    tf: Any, folder: Path, scalars: Mapping[str, Mapping[int, float]], suffix: str
) -> None:
    # `tf.summary.scalar` needs TensorBoard; it writes a tensor with this metadata.
    metadata = tf.compat.v1.SummaryMetadata(
        plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR"
    )
    writer = tf.summary.create_file_writer(str(folder), filename_suffix=suffix)
    try:
        with writer.as_default(), tf.summary.record_if(True):
            for epoch in sorted({epoch for values in scalars.values() for epoch in values}):
                for name, values in scalars.items():
                    if epoch in values:
                        value = tf.constant(values[epoch], tf.float32)
                        tf.summary.write(name, value, step=epoch, metadata=metadata)
    finally:
        writer.close()


def _tensorflow() -> Any:
    try:
        import tensorflow as tf
    except ImportError as error:
        raise ImportError(
            _("{name} is not installed; install it with: {command}").format(
                name="TensorFlow", command='pip install "kfunc_lab[tensorflow]"'
            )
        ) from error
    return tf
