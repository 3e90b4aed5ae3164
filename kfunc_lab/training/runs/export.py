"""Writes training runs for other programs: CSV, and the event files of TensorBoard."""

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from kfunc_lab.locale import _
from kfunc_lab.training.runs.store import Run

_VALIDATION = "val_"


def to_csv(run: Run) -> str:
    """Writes a run as CSV, one epoch a line.

    Args:
        run: The run.

    Returns:
        A line of names, then a line an epoch: its number, counted from 1 as `fit` prints it, its
        metrics, and its measures as `layer/name`. What an epoch does not have is empty.

    Example:
        >>> run = Run("1", "baseline", 0, None, "finished", {}, {"loss": {0: 0.5, 1: 0.25}})
        >>> print(to_csv(run), end="")
        epoch,loss
        1,0.5
        2,0.25
    """
    columns = columns_of([run])
    return written(["epoch", *columns], rows_of(run, columns))


def written(names: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """Writes rows as CSV below their columns' names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(names)
    writer.writerows(rows)
    return text.getvalue()


def columns_of(runs: Iterable[Run]) -> list[str]:
    """Returns what was kept of runs, as their columns are called: metrics before measures."""
    runs = list(runs)
    metrics = dict.fromkeys(name for run in runs for name in run.metrics)
    measures = dict.fromkeys(key for run in runs for key in run.measures)
    return [*metrics, *map("/".join, measures)]


def rows_of(run: Run, columns: Sequence[str]) -> list[list[Any]]:
    """Returns a row for each epoch of a run: its number from 1, and the columns' values.

    Args:
        run: The run.
        columns: As of `columns_of`.

    Returns:
        The rows; `None` stands for what was not kept.
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
    """Writes a run as event files, which TensorBoard shows.

    As Keras's own callback does, it writes metrics as `epoch_loss` into the folder `train`, those
    of validation under the same names into `validation`, and counts epochs from 0. The measures of
    layers stand in `train`, as `layer/name`.

    Args:
        run: The run.
        folder: Where the folders are made; `tensorboard --logdir FOLDER` shows them. What was
            written there of the same run before is replaced.

    Returns:
        The folder.

    Raises:
        ImportError: If TensorFlow is not installed, whose writer is used.
        OSError: If the files cannot be written.
    """
    tf, folder = _tensorflow(), Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    training = {f"epoch_{name}": it for name, it in run.metrics.items() if not _is_val(name)}
    training |= {"/".join(key): it for key, it in run.measures.items()}
    validation = {
        f"epoch_{name.removeprefix(_VALIDATION)}": it
        for name, it in run.metrics.items()
        if _is_val(name)
    }
    for name, scalars in (("train", training), ("validation", validation)):
        _write_events(tf, folder / name, scalars, f".{run.id}.v2")
    return folder


def _is_val(name: str) -> bool:
    return name.startswith(_VALIDATION)


def _write_events(
    tf: Any, folder: Path, scalars: Mapping[str, Mapping[int, float]], ending: str
) -> None:
    """Writes scalars into one event file; those of the same ending are replaced."""
    earlier = [it for it in folder.glob("events.out.tfevents.*") if it.name.endswith(ending)]
    if scalars:
        _write_scalars(tf, folder, scalars, ending)
    for path in earlier:
        path.unlink(missing_ok=True)


def _write_scalars(
    tf: Any, folder: Path, scalars: Mapping[str, Mapping[int, float]], ending: str
) -> None:
    # `tf.summary.scalar` needs TensorBoard; what it writes is a tensor that is marked so.
    mark = tf.compat.v1.SummaryMetadata(
        plugin_data={"plugin_name": "scalars"}, data_class="DATA_CLASS_SCALAR"
    )
    writer = tf.summary.create_file_writer(str(folder), filename_suffix=ending)
    try:
        with writer.as_default(), tf.summary.record_if(True):
            for epoch in sorted({epoch for values in scalars.values() for epoch in values}):
                for name, values in scalars.items():
                    if epoch in values:
                        value = tf.constant(values[epoch], tf.float32)
                        tf.summary.write(name, value, step=epoch, metadata=mark)
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
