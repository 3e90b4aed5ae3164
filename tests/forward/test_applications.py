"""Of each family of models that come with Keras one: each call, to the last bit."""

import gc

import keras
import numpy as np
import pytest
from keras import applications

from kfunc_lab.forward.batch import run

# Each with the least size of images that it takes.
MODELS = {
    "VGG16": 32,
    "ResNet50": 32,
    "ResNet50V2": 32,
    "MobileNet": 32,
    "MobileNetV2": 32,
    "MobileNetV3Small": 32,
    "MobileNetV3Large": 32,
    "DenseNet121": 32,
    "EfficientNetB0": 32,
    "EfficientNetV2B0": 32,
    "NASNetMobile": 32,
    "Xception": 71,
    "InceptionV3": 75,
    "InceptionResNetV2": 75,
    "ConvNeXtTiny": 32,
}


@pytest.fixture(autouse=True)
def memory():
    keras.utils.set_random_seed(7)
    yield
    keras.utils.clear_session()
    gc.collect()


@pytest.mark.parametrize("name", MODELS)
def test_every_call(name):
    side = MODELS[name]
    options = {"weights": None, "include_top": False, "input_shape": (side, side, 3)}
    model = getattr(applications, name)(**options)
    x = np.random.default_rng(0).uniform(0, 255, (2, side, side, 3)).astype("float32")
    operations = model.operations
    extraction = keras.Model(model.inputs[0], [it.output for it in operations])
    expected = dict(zip((it.name for it in operations), extraction(x), strict=True))
    flow = run(model, x, training=False, layers=None, dtype=None, limit=10**12)
    assert flow.recording.complete
    assert {it for it in flow.values if "/" not in it} == set(expected)
    for operation, value in expected.items():
        assert np.array_equal(flow.values[operation], value), operation
    assert np.array_equal(flow.recording.outputs, model(x))
    assert [it.id for it in flow.graph.calls if it.id not in flow.values] == []
