"""Files that are no model of Keras 3, named as what they are."""

import json
import tarfile
import zipfile
from pathlib import Path

import keras
import pytest
from keras import layers

from kfunc_lab.command_line import _load
from kfunc_lab.doctor import release
from kfunc_lab.graph.foreign.files import what_to_load, why_not_a_model, why_not_loaded

KERAS_2 = Path(__file__).with_name("keras_2_files.zip")


def classes_of_a_notebook():
    """Returns a layer and an initializer whose classes no module holds."""

    class Mine(layers.Layer):
        def call(self, x):
            return x

    class Zeroed(keras.initializers.Initializer):
        def __call__(self, shape, dtype=None):
            return keras.ops.zeros(shape)

    return Mine(), Zeroed()


def doubled(x):
    return x * 2


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    with zipfile.ZipFile(KERAS_2) as archive:
        archive.extractall(folder / "keras_2")
    x = keras.Input((4,), name="x")
    mine, zeroed = classes_of_a_notebook()
    for name, layer in {
        "good": layers.Dense(2),
        "layer": mine,
        "function": layers.Dense(2, activation=doubled),
        "wrapped": layers.Lambda(doubled),
        "initializer": layers.Dense(2, kernel_initializer=zeroed),
        "lambda": layers.Lambda(lambda x: x * 2),
        "lambda_activation": layers.Dense(2, activation=lambda x: x),
    }.items():
        model = keras.Model(x, layer(x), name=name)
        for suffix in (".keras", ".h5"):
            model.save(folder / f"{name}{suffix}")
    good = keras.Model(x, layers.Dense(2)(x))
    good.save_weights(folder / "good.weights.h5")
    (folder / "good.json").write_text(good.to_json())
    (folder / "graph.json").write_text('{"format": 1, "calls": []}')
    for suffix in (".keras", ".h5"):
        content = (folder / f"good{suffix}").read_bytes()
        (folder / f"cut{suffix}").write_bytes(content[: len(content) // 2])
        (folder / f"empty{suffix}").touch()
        (folder / f"text{suffix}").write_text("not a model")
    (folder / "zip.h5").write_bytes((folder / "good.keras").read_bytes())
    (folder / "hdf5.keras").write_bytes((folder / "good.h5").read_bytes())
    (folder / "no_suffix").write_bytes((folder / "good.keras").read_bytes())
    for name in ("notes.txt", "lesson.ipynb", "train.py", "net.onnx", "net.pt", "model.pkl"):
        (folder / name).write_text("{}")
    with zipfile.ZipFile(folder / "arrays.npz", "w") as archive:
        archive.writestr("a.npy", "")
    (folder / "nothing").mkdir()
    _not_unpacked_and_not_downloaded(folder)
    _saved_by(folder, "newer.keras", "99.1.0")
    _saved_by(folder, "odd.keras", keras.__version__)
    return folder


def _not_unpacked_and_not_downloaded(folder):
    with zipfile.ZipFile(folder / "archive.zip", "w") as archive:
        archive.write(folder / "good.keras", "models/good.keras")
    with tarfile.open(folder / "archive.tar.gz", "w:gz") as archive:
        archive.add(folder / "good.keras", "good.keras")
    with zipfile.ZipFile(folder / "good.keras") as archive:
        archive.extractall(folder / "unpacked")
    (folder / "frozen.pb").write_bytes(b"\n\x10\n\x01x\x12\x0bPlaceholder")
    (folder / "page.keras").write_text("<!DOCTYPE html><title>404</title>")
    (folder / "pointer.h5").write_text("version https://git-lfs/spec/v1\noid sha256:0")
    (folder / "browser.json").write_text('{"format": "layers-model", "modelTopology": {}}')


def _saved_by(folder, name, version):
    """Writes a file of a version of Keras in which Dense has another argument."""
    with (
        zipfile.ZipFile(folder / "good.keras") as source,
        zipfile.ZipFile(folder / name, "w") as target,
    ):
        for entry in source.namelist():
            content = source.read(entry)
            if entry == "metadata.json":
                content = json.dumps({"keras_version": version}).encode()
            target.writestr(entry, content.replace(b'"use_bias"', b'"novelty": 1, "use_bias"'))


def message(path):
    """Returns what is said about a file; empty if Keras loads it."""
    if problem := why_not_a_model(path):
        return problem
    try:
        keras.saving.load_model(path, safe_mode=True, compile=False)
    except Exception as error:
        return why_not_loaded(path, error)
    return ""


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("keras_2/small.keras", "a model of Keras 2"),
        ("keras_2/saved_model", "a model of Keras 2"),
        ("keras_2/small.json", "a model of Keras 2 without its weights"),
        ("keras_2/lstm.h5", "'time_major'"),
        ("keras_2/legacy_weights.h5", "weights alone"),
        ("keras_2/small.weights.h5", "weights alone"),
        ("keras_2/checkpoint_of_small", "a checkpoint of TensorFlow"),
        ("keras_2/checkpoint_of_small.index", "a checkpoint of TensorFlow"),
        ("keras_2/checkpoint_of_small.data-00000-of-00001", "a checkpoint of TensorFlow"),
        ("keras_2/checkpoint", "a checkpoint of TensorFlow"),
        ("keras_2/module", "a SavedModel of TensorFlow"),
        ("keras_2/module/saved_model.pb", "Name its folder"),
        ("keras_2/module/variables", "a checkpoint of TensorFlow"),
        ("good.weights.h5", "weights alone"),
        ("good.json", "model_from_json"),
        ("graph.json", "load_graph"),
        ("cut.keras", "damaged or incomplete"),
        ("cut.h5", "damaged or incomplete"),
        ("empty.keras", "is empty"),
        ("empty.h5", "is empty"),
        ("text.keras", "is not a model that Keras saved"),
        ("text.h5", "is not a model that Keras saved"),
        ("notes.txt", "is not a model that Keras saved"),
        ("zip.h5", "Rename it to zip.keras"),
        ("hdf5.keras", "Rename it to hdf5.h5"),
        ("no_suffix", "Rename it to no_suffix.keras"),
        ("lesson.ipynb", "is a program"),
        ("train.py", "is a program"),
        ("net.onnx", "a file of ONNX"),
        ("net.pt", "a file of PyTorch"),
        ("model.pkl", "a file of pickle"),
        ("arrays.npz", "a file of NumPy"),
        ("nothing", "a folder without a model"),
        ("archive.zip", "Unpack it, and name one of the files in it: models/good.keras"),
        ("archive.tar.gz", "Unpack it, and name one of the files in it: good.keras"),
        ("frozen.pb", "a file of TensorFlow, not a model"),
        ("page.keras", "is a web page"),
        ("pointer.h5", "git lfs pull"),
        ("browser.json", "a model of TensorFlow.js"),
        ("unpacked", ""),
        (".", "Name one of the files in it: "),
        ("missing.keras", "There is no file"),
        ("newer.keras", "Keras 99.1.0, which is newer"),
        ("odd.keras", "cannot load it: Unrecognized keyword arguments passed to Dense"),
        ("layer.keras", "it uses Mine,"),
        ("layer.h5", "it uses Mine,"),
        ("function.keras", "it uses doubled,"),
        ("function.h5", "it uses doubled,"),
        ("wrapped.keras", "it uses doubled,"),
        ("wrapped.h5", "it uses doubled,"),
        ("initializer.keras", "it uses Zeroed,"),
        ("initializer.h5", "it uses Zeroed,"),
        ("lambda.keras", "it contains Python code"),
        ("lambda.h5", "it contains Python code"),
        ("lambda_activation.keras", "it contains Python code"),
        ("lambda_activation.h5", "it contains Python code"),
        ("good.keras", ""),
        ("good.h5", ""),
        ("keras_2/small.h5", ""),
    ],
)
def test_file_is_named_as_what_it_is(files, name, told):
    if name == "lambda.h5" and release(keras.__version__) < (3, 11, 3):
        pytest.skip("this Keras runs the code in .h5 files, so the command refuses them all")
    said = message(files / name)
    assert told in said
    assert bool(said) == bool(told)
    assert "\n" not in said
    assert said.count("Keras saved") <= 1


def test_command_says_the_same(files):
    import click

    for name in ("layer.keras", "newer.keras"):
        with pytest.raises(click.ClickException) as caught:
            _load(files / name)
        assert caught.value.message == message(files / name)


def test_weights_of_keras_2_fit_a_model_built_with_keras_3(files):
    x = keras.Input((2,), name="x")
    model = keras.Model(x, layers.Dense(1, name="out")(x))
    for name in ("legacy_weights.h5", "small.weights.h5", "small.h5"):
        model.load_weights(files / "keras_2" / name)
    steps = keras.Input((3, 2), name="x")
    keras.Model(steps, layers.LSTM(1, name="lstm")(steps)).load_weights(
        files / "keras_2/lstm.h5"
    )


def test_way_on_from_configuration_and_saved_model(files):
    if keras.backend.backend() == "tensorflow":
        layers.TFSMLayer(files / "keras_2/saved_model", call_endpoint="serving_default")
    keras.models.model_from_json((files / "good.json").read_text())


def test_path_of_a_good_file_says_how_to_load_it(files):
    path = files / "good.keras"
    assert f"keras.saving.load_model({str(path)!r})" in what_to_load(path)
