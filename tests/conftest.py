"""Settings and fixtures for all tests."""

import gc

import pytest
from hypothesis import HealthCheck, settings

import kfunc_lab.locale

# The same examples in every run; `make test-deep` draws ten times as many.
settings.register_profile(
    "ci",
    max_examples=100,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile("deep", settings.get_profile("ci"), max_examples=1000)
settings.load_profile("ci")


@pytest.fixture(scope="module", autouse=True)
def exclude_earlier_objects():
    """Excludes the objects of TensorFlow and of earlier files from garbage collection."""
    gc.collect()
    gc.freeze()


def pytest_runtest_setup(item):
    """Skips what is TensorFlow's own with another backend, and says why."""
    if (mark := item.get_closest_marker("tensorflow_only")) is not None:
        import keras

        if keras.backend.backend() != "tensorflow":
            pytest.skip(mark.args[0])


@pytest.fixture(scope="session", autouse=True)
def no_progress():
    """Keeps tests from changing the developer's progress; a test may name a file of its own."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("KFUNC_LAB_PROGRESS", "")
        yield


@pytest.fixture(autouse=True)
def english(monkeypatch):
    """Sets the language to English for each test and restores it afterwards."""
    monkeypatch.setattr(kfunc_lab.locale, "_chosen", "en")


@pytest.fixture
def digits():
    """Twenty real digits with values from 0 to 1 and shape (20, 28, 28, 1)."""
    import numpy as np

    import kfunc_lab as lab

    with np.load(lab.datasets.digits.EMBEDDED) as content:
        images = content["x_test"][:20]
    return (images[..., None] / 255).astype("float32")


@pytest.fixture
def cnn():
    """A small convolutional classifier of digits."""
    import keras
    from keras import layers

    keras.utils.set_random_seed(1)
    inputs = keras.Input((28, 28, 1), name="digit")
    x = layers.Conv2D(8, 3, activation="relu", name="conv")(inputs)
    x = layers.MaxPooling2D(name="pool")(x)
    x = layers.Flatten(name="flat")(x)
    outputs = layers.Dense(10, activation="softmax", name="classes")(x)
    return keras.Model(inputs, outputs, name="cnn")


@pytest.fixture(scope="module")
def new_kernel():
    """Starts kernels that run until the last test of the file."""
    from kernel import Kernel

    kernels = []

    def start() -> Kernel:
        kernels.append(Kernel())
        return kernels[-1]

    yield start
    for kernel in kernels:
        kernel.end()


@pytest.fixture(scope="module")
def followed(new_kernel):
    """A kernel that is watched and has imported Keras."""
    kernel = new_kernel()
    kernel.follow()
    kernel.run("import keras\nfrom keras import layers, ops")
    kernel.states()
    return kernel
