"""The colour images: content, build script, sources, cache, and download."""

import hashlib
import importlib
import importlib.util
import inspect
import io
import pickle
import socket
import tarfile
import time
from pathlib import Path

import numpy as np
import pytest

import kfunc_lab as lab
from kfunc_lab.datasets import download

pytestmark = pytest.mark.usefixtures("cache")

# The package exports a function of the same name.
module = importlib.import_module("kfunc_lab.datasets.colour_images")

ROOT = Path(__file__).parents[2]
FILE = ROOT / "kfunc_lab" / "datasets" / "patches_32.npz"

EMBEDDED = (
    "Colour images: 1,900 patches of real photographs that come with kfunc_lab "
    "(1,500 for training, 400 for testing).\n"
)
FALLBACK = EMBEDDED[:-2] + "; CIFAR-10 could not be downloaded.\n"
FULL = "CIFAR-10: 60,000 colour images (50,000 for training, 10,000 for testing).\n"
CIFAR_NAMES = [
    *("airplane", "automobile", "bird", "cat", "deer"),
    *("dog", "frog", "horse", "ship", "truck"),
]


@pytest.fixture
def load_data(monkeypatch):
    """Replaces Keras's loader; the fake returns or raises its `result`."""
    import keras

    def fake():
        fake.calls += 1
        if isinstance(fake.result, BaseException):
            raise fake.result
        return fake.result

    fake.calls, fake.result = 0, Exception("URL fetch failure")
    monkeypatch.setattr(keras.datasets.cifar10, "load_data", fake)
    return fake


@pytest.fixture(scope="module")
def build_patches():
    path = ROOT / "tools" / "build_patches.py"
    spec = importlib.util.spec_from_file_location("build_patches_", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def embedded():
    return lab.datasets.colour_images(source="embedded")


def tiny_cifar10():
    """Returns two images in the format of Keras's CIFAR-10, with labels of shape (n, 1)."""
    pictures = np.full((2, 32, 32, 3), 77, np.uint8)
    labels = np.array([[7], [3]], np.uint8)
    return (pictures, labels), (pictures, labels)


def elapsed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


# The embedded set


def test_arrays_match_cifar10_with_flat_labels():
    *parts, names = embedded()
    for (pictures, labels), count in zip(parts, (1500, 400), strict=True):
        assert pictures.shape == (count, 32, 32, 3)
        assert labels.shape == (count,)
        assert pictures.dtype == labels.dtype == np.uint8
        assert pictures.min() < 10
        assert pictures.max() > 245
    assert isinstance(names, tuple)
    assert len(set(names)) == 10


def test_classes_are_balanced_and_shuffled():
    (_, y_train), (_, y_test), _ = embedded()
    assert np.bincount(y_train).tolist() == [150] * 10
    assert np.bincount(y_test).tolist() == [40] * 10
    assert len(set(y_train[:50])) == len(set(y_test[:50])) == 10


def test_patches_are_unique():
    (x_train, _), (x_test, _), _ = embedded()
    everything = np.concatenate([x_train, x_test]).reshape(1900, -1)
    assert len(np.unique(everything, axis=0)) == 1900


def test_training_and_test_patches_share_no_row():
    """Patches that overlap would share rows of pixels."""
    (x_train, _), (x_test, _), _ = embedded()
    known = {row.tobytes() for row in x_train.reshape(-1, 32 * 3)}
    shared = [row.tobytes() in known for row in x_test.reshape(-1, 32 * 3)]
    assert not any(shared)


def test_mean_colour_predicts_class_partly():
    (x_train, y_train), (x_test, y_test), _ = embedded()
    means = np.stack([x_train[y_train == label].mean(axis=(0, 1, 2)) for label in range(10)])
    colours = x_test.mean(axis=(1, 2))
    nearest = ((colours[:, None] - means) ** 2).sum(axis=2).argmin(axis=1)
    assert 0.5 < (nearest == y_test).mean() < 0.9


def test_callers_get_separate_arrays():
    embedded()[0][0][:] = 0
    assert embedded()[0][0].any()


def test_file_is_small_and_described():
    assert FILE.stat().st_size < 2_500_000
    description = FILE.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() in description
    for fact in ("danielbuechele", "vultilion", "CC BY 2.0", "CC0", "scikit-image 0.25.2"):
        assert fact in description
    assert all(name in description for name in embedded()[2])


# How the file is built


def test_names_match_build_script(build_patches):
    assert [subject.name for subject in build_patches.SUBJECTS] == list(embedded()[2])


def test_training_and_test_regions_are_one_patch_apart(build_patches):
    """The distance also holds between two classes in one photograph."""
    regions = [
        (subject.photograph, subject.shrink, part, rectangle)
        for subject in build_patches.SUBJECTS
        for part in ("train", "test")
        for rectangle in getattr(subject, part)
    ]
    for photograph, shrink, part, (left, top, right, bottom) in regions:
        for other in regions:
            if other[:2] != (photograph, shrink) or other[2] == part:
                continue
            left_2, top_2, right_2, bottom_2 = other[3]
            gaps = left_2 - right, left - right_2, top_2 - bottom, top - bottom_2
            assert max(gaps) >= 32, (photograph, part, other)


def test_each_photograph_has_one_scale(build_patches):
    factors = {(subject.photograph, subject.shrink) for subject in build_patches.SUBJECTS}
    assert len(factors) == len({photograph for photograph, _ in factors})


def test_patches_are_inside_their_rectangle(build_patches):
    corners = build_patches.corners(((10, 20, 80, 60),), 10)
    assert len(corners) >= 10
    assert all(10 <= left <= 80 - 32 and 20 <= top <= 60 - 32 for left, top in corners)
    with pytest.raises(ValueError, match="fewer than 10 patches"):
        build_patches.corners(((0, 0, 33, 34),), 10)


def test_shrinking_averages_pixels(build_patches):
    photograph = np.zeros((5, 4, 3), np.uint8)
    photograph[0, 0], photograph[1, 1], photograph[2:4, 2:4] = 100, 60, 7
    shrunken = build_patches.shrunken(photograph, 2)
    assert shrunken.shape == (2, 2, 3)
    assert shrunken[:, :, 0].tolist() == [[40, 0], [0, 7]]


def test_cut_is_balanced_and_repeatable(build_patches, monkeypatch):
    subjects = build_patches.SUBJECTS[1:3]
    monkeypatch.setattr(build_patches, "SUBJECTS", subjects)
    noise = np.random.RandomState(0).randint(0, 256, (800, 800, 3)).astype(np.uint8)
    pictures = {subject.photograph: noise for subject in subjects}
    (x, y), (x_again, y_again) = (build_patches.cut(pictures, "test", 5, 1) for _ in "12")
    assert x.shape == (10, 32, 32, 3)
    assert np.bincount(y).tolist() == [5, 5]
    assert np.array_equal(x, x_again)
    assert np.array_equal(y, y_again)


def test_written_file_is_reproducible(build_patches, tmp_path):
    with np.load(FILE) as arrays:
        shipped = {name: arrays[name][:40] for name in arrays}
    sums = [build_patches.write(tmp_path / name, shipped) for name in ("a.npz", "b.npz")]
    assert sums[0] == sums[1]
    with np.load(tmp_path / "a.npz") as written:
        assert all(np.array_equal(written[name], shipped[name]) for name in shipped)


# Without a network


def test_unknown_source_error_lists_sources():
    with pytest.raises(
        ValueError, match="no source 'tiny'; the sources are auto, full, embedded"
    ):
        lab.datasets.colour_images(source="tiny")


def test_url_checksum_and_cache_match_keras():
    import keras

    source = inspect.getsource(keras.datasets.cifar10.load_data)
    assert module._SHA256 in source
    assert module._URL in source
    assert f'"{module._ARCHIVE.removesuffix("_archive")}"' in source


def test_embedded_set_replaces_download_without_network(no_network, capsys):
    lab.datasets.colour_images()
    assert capsys.readouterr().out == FALLBACK


@pytest.mark.parametrize("hanging", [False, True])
def test_missing_network_costs_less_than_a_second(hanging, no_network, monkeypatch):
    """The rest of the second is for reading the patches on a busy machine."""
    if hanging:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: time.sleep(600))
    embedded()
    measured = []
    for _ in range(10):
        measured.append(elapsed(lab.datasets.colour_images) - elapsed(embedded))
        if measured[-1] < 0.7:
            return
    pytest.fail(f"seconds that asking the network took: {measured}")


def test_full_source_without_network_explains_error(no_network, cache, capsys):
    with pytest.raises(OSError, match="no network in this test") as caught:
        lab.datasets.colour_images(source="full")
    message = str(caught.value)
    for part in (str(cache), module._URL, module._ARCHIVE, "Connect", 'source="embedded"'):
        assert part in message
    assert capsys.readouterr().out == ""


# The cache


def fill_cache(folder, monkeypatch):
    """Writes an archive in the format of CIFAR-10 and returns its checksum."""
    pictures = np.empty((10_000, 3, 32, 32), np.uint8)
    pictures[:] = np.array([10, 20, 30], np.uint8)[:, None, None]
    content = pickle.dumps(
        {b"data": pictures.reshape(10_000, -1), b"labels": [7] * 10_000}, protocol=3
    )
    file = folder / module._ARCHIVE
    with tarfile.open(file, "w:gz", compresslevel=1) as archive:
        for name in (*(f"data_batch_{number}" for number in range(1, 6)), "test_batch"):
            member = tarfile.TarInfo(f"cifar-10-batches-py/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    checksum = hashlib.sha256(file.read_bytes()).hexdigest()
    monkeypatch.setattr(module, "_SHA256", checksum)
    return checksum


def test_cached_cifar10_loads_without_network(cache, no_network, monkeypatch, capsys):
    """Keras's real loader reads a real archive, with the checksum replaced."""
    import keras

    checksum = fill_cache(cache, monkeypatch)

    def with_our_checksum(fname, origin, **options):
        options["file_hash"] = checksum
        return keras.utils.get_file(fname, origin, cache_dir=str(cache.parent), **options)

    names = keras.datasets.cifar10.load_data.__globals__
    monkeypatch.setitem(names, "get_file", with_our_checksum)
    (x_train, y_train), (x_test, y_test), names = lab.datasets.colour_images("full")
    assert x_train.shape == (50_000, 32, 32, 3)
    assert x_test.shape == (10_000, 32, 32, 3)
    assert x_train[9, 5, 6].tolist() == [10, 20, 30]
    assert y_train.shape == (50_000,)
    assert y_test.shape == (10_000,)
    assert set(y_test) == {7}
    assert list(names) == CIFAR_NAMES
    assert capsys.readouterr().out.endswith(FULL)


def test_unwritable_cache_is_replaced_by_temporary_folder(tmp_path, monkeypatch):
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "missing"))
    assert module._keras_folder() == tmp_path / "temp" / ".keras" / "datasets"


def test_damaged_cache_falls_back_to_embedded_set(cache, no_network, load_data, capsys):
    (cache / module._ARCHIVE).write_bytes(b"half a file")
    assert len(lab.datasets.colour_images()[0][0]) == 1500
    assert load_data.calls == 0
    assert capsys.readouterr().out == FALLBACK


# The download


@pytest.mark.parametrize("source", ["auto", "full"])
def test_downloaded_set_has_flat_labels(source, server_answers, load_data, capsys):
    load_data.result = tiny_cifar10()
    (x_train, y_train), (_, y_test), names = lab.datasets.colour_images(source=source)
    assert x_train is load_data.result[0][0]
    assert y_train.tolist() == y_test.tolist() == [7, 3]
    assert list(names) == CIFAR_NAMES
    assert capsys.readouterr().out == FULL


def test_failed_download_falls_back_to_embedded_set(server_answers, load_data, capsys):
    assert len(lab.datasets.colour_images()[0][0]) == 1500
    assert capsys.readouterr().out == FALLBACK
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        lab.datasets.colour_images(source="full")
    assert caught.value.__cause__ is load_data.result


def test_interrupt_of_download_propagates(server_answers, load_data):
    load_data.result = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        lab.datasets.colour_images()


def test_stalled_download_times_out(cache, silent_server, server_answers, monkeypatch, capsys):
    """Keras's real downloader stops on a server that stalls after two bytes."""
    import keras

    def from_silent_server(fname, origin, **options):
        return keras.utils.get_file(
            fname, silent_server.url, cache_dir=str(cache.parent), **options
        )

    names = keras.datasets.cifar10.load_data.__globals__
    monkeypatch.setitem(names, "get_file", from_silent_server)
    monkeypatch.setattr(download, "STALLED", 0.3)
    assert elapsed(lab.datasets.colour_images) < 3
    assert silent_server.requests[0].startswith(b"GET")
    assert capsys.readouterr().out.endswith(FALLBACK)
    assert not list(cache.iterdir())  # no partial file remains


# Languages


def test_english_message_names_source(capsys):
    embedded()
    assert capsys.readouterr().out == EMBEDDED


def test_messages_and_names_are_translated(no_network, server_answers, load_data, capsys):
    lab.language("es")
    patches = embedded()[2]
    assert lab.datasets.colour_images()[2] == patches
    with pytest.raises(OSError, match="ninguna copia íntegra de CIFAR-10"):
        lab.datasets.colour_images(source="full")
    load_data.result = tiny_cifar10()
    cifar = lab.datasets.colour_images()[2]
    assert capsys.readouterr().out.splitlines() == [
        "Imágenes en color: 1,900 recortes de fotografías reales incluidos en kfunc_lab "
        "(1,500 para entrenar, 400 para evaluar).",
        "Imágenes en color: 1,900 recortes de fotografías reales incluidos en kfunc_lab "
        "(1,500 para entrenar, 400 para evaluar); no se pudo descargar CIFAR-10.",
        "CIFAR-10: 60,000 imágenes en color (50,000 para entrenar, 10,000 para evaluar).",
    ]
    assert patches == (
        "galaxias",
        "gato",
        "mapache",
        "hojas de palma",
        "copas",
        "pétalos",
        "cielo",
        "retina",
        "pagoda",
        "torre de acero",
    )
    assert cifar[:4] == ("avión", "automóvil", "pájaro", "gato")
