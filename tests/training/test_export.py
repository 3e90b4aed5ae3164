"""Runs as CSV, and as event files, read back with TensorFlow."""

import csv
import io
import math

import pytest

from kfunc_lab.training.runs.export import columns_of, rows_of, to_csv, to_tensorboard
from kfunc_lab.training.runs.store import Run

RUN = Run(
    "abc",
    "one",
    0.0,
    None,
    "finished",
    {},
    {"loss": {0: 0.5, 1: 0.25, 2: math.nan}, "val_loss": {1: 1 / 3}},
    {("dense", "gradient"): {0: 1.5, 2: math.inf}},
)


def scalars_in(folder) -> list[tuple[str, int, float]]:
    import tensorflow as tf

    found = []
    for path in sorted(folder.iterdir()):
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                # TensorBoard shows values with this plugin name as scalars.
                if value.metadata.plugin_data.plugin_name == "scalars":
                    number = float(tf.make_ndarray(value.tensor))
                    found.append((value.tag, event.step, number))
    return found


def test_csv_has_row_per_epoch():
    assert (
        to_csv(RUN)
        == """\
epoch,loss,val_loss,dense/gradient
1,0.5,,1.5
2,0.25,0.3333333333333333,
3,nan,,inf
"""
    )


def test_csv_round_trip_keeps_every_digit():
    values = {0: 0.1 + 0.2, 1: 5e-324, 2: -1e308}
    rows = [*csv.reader(io.StringIO(to_csv(Run("", "", 0, None, "", {}, {"loss": values}))))]
    assert [float(row[1]) for row in rows[1:]] == [*values.values()]


def test_csv_of_empty_run_has_header():
    assert to_csv(Run("", "", 0, None, "running")) == "epoch\n"


def test_csv_quotes_names():
    names = ['a,b "c"', "two\nlines", "", "ünï"]
    run = Run("", "", 0, None, "", {}, {name: {4: 1.0} for name in names})
    head, row = csv.reader(io.StringIO(to_csv(run)))
    assert head == ["epoch", *names]
    assert row == ["5", "1.0", "1.0", "1.0", "1.0"]


def test_csv_of_several_runs_has_all_columns():
    other = Run(
        "", "", 0, None, "", {}, {"accuracy": {0: 1.0}}, {("dense", "gradient"): {0: 2.0}}
    )
    columns = columns_of([RUN, other])
    assert columns == ["loss", "val_loss", "accuracy", "dense/gradient"]
    assert rows_of(other, columns) == [[1, None, None, 1.0, 2.0]]


def test_tensorboard_reads_event_files(tmp_path):
    pytest.importorskip("tensorflow")
    folder = to_tensorboard(RUN, str(tmp_path / "logs" / "läufe"))
    assert folder == tmp_path / "logs" / "läufe"
    assert sorted(it.name for it in folder.iterdir()) == ["train", "validation"]
    train = scalars_in(folder / "train")
    assert train[:3] == [
        ("epoch_loss", 0, 0.5),
        ("dense/gradient", 0, 1.5),
        ("epoch_loss", 1, 0.25),
    ]
    assert train[3][:2] == ("epoch_loss", 2)
    assert math.isnan(train[3][2])
    assert train[4:] == [("dense/gradient", 2, math.inf)]
    assert scalars_in(folder / "validation") == [("epoch_loss", 1, pytest.approx(1 / 3))]
    [path] = (folder / "train").iterdir()
    assert path.name.startswith("events.out.tfevents.")


def test_rewritten_run_replaces_only_itself(tmp_path):
    pytest.importorskip("tensorflow")
    folder = to_tensorboard(RUN, tmp_path)
    (folder / "train" / "events.out.tfevents.1.of-another").write_bytes(b"")
    to_tensorboard(RUN, tmp_path)
    assert len([*(folder / "train").iterdir()]) == 2
    assert len(scalars_in(folder / "train")) == 5


def test_run_without_validation_has_no_validation_folder(tmp_path):
    pytest.importorskip("tensorflow")
    run = Run("abc", "one", 0, None, "", {}, {"loss": {0: 0.5}})
    to_tensorboard(run, tmp_path)
    assert [it.name for it in tmp_path.iterdir()] == ["train"]


def test_missing_tensorflow_raises_clear_error(tmp_path, monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "tensorflow", None)
    with pytest.raises(ImportError) as raised:
        to_tensorboard(RUN, tmp_path / "logs")
    assert str(raised.value) == (
        'TensorFlow is not installed; install it with: pip install "kfunc_lab[tensorflow]"'
    )
    assert [*tmp_path.iterdir()] == []
