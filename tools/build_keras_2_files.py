# /// script
# requires-python = ">=3.11"
# dependencies = ["tensorflow==2.21.*", "tf_keras==2.21.*"]
# ///
"""Builds the files of Keras 2 that the tests read, `tests/graph/foreign/keras_2_files.zip`.

The project's own environment has no Keras 2, so it needs a separate environment:

    uv run tools/build_keras_2_files.py

or, without uv, from the top of the repository:

    python -m venv build/keras_2
    build/keras_2/bin/pip install "tensorflow==2.21.*" "tf_keras==2.21.*"
    build/keras_2/bin/python tools/build_keras_2_files.py
"""

import tempfile
import zipfile
from pathlib import Path

import tensorflow as tf
import tf_keras

TARGET = Path(__file__).parents[1] / "tests" / "graph" / "foreign" / "keras_2_files.zip"


def small_model() -> tf_keras.Model:
    """Builds a model with one layer."""
    inputs = tf_keras.Input((2,), name="x")
    return tf_keras.Model(inputs, tf_keras.layers.Dense(1, name="out")(inputs), name="small")


def lstm_model() -> tf_keras.Model:
    """Builds a model with a setting that Keras 3 refuses: `time_major`."""
    inputs = tf_keras.Input((3, 2), name="x")
    return tf_keras.Model(inputs, tf_keras.layers.LSTM(1, name="lstm")(inputs), name="steps")


def write(folder: Path) -> None:
    """Writes every kind of file that Keras 2 saves."""
    model = small_model()
    model.save(folder / "small.keras")
    model.save(folder / "small.h5")
    model.save(folder / "saved_model", save_format="tf")
    model.save_weights(folder / "legacy_weights.h5")
    model.save_weights(folder / "small.weights.h5")
    model.save_weights(folder / "checkpoint_of_small")
    (folder / "small.json").write_text(model.to_json())
    lstm_model().save(folder / "lstm.h5")
    tf.saved_model.save(tf.Module(), str(folder / "module"))


def main() -> None:
    """Writes the files and packs them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write(folder)
        TARGET.parent.mkdir(exist_ok=True)
        with zipfile.ZipFile(TARGET, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for path in sorted(folder.rglob("*")):
                if path.is_file():
                    archive.write(path, path.relative_to(folder))


if __name__ == "__main__":
    main()
