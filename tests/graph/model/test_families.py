"""Families: every layer of Keras has one, and all text has enough contrast."""

import itertools

import keras
import pytest
from keras import layers

from kfunc_lab.graph.model import families
from kfunc_lab.graph.model.families import FAMILIES, family_of
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.ui.theme import PANEL, QUIET, SURFACE, TEXT, TRAINING, VALIDATION

ENOUGH = 4.5

EXPECTED = {
    "input": ["InputLayer"],
    "convolution": [
        "Conv1D",
        "Conv2D",
        "Conv3D",
        "Conv1DTranspose",
        "Conv2DTranspose",
        "Conv3DTranspose",
        "DepthwiseConv1D",
        "DepthwiseConv2D",
        "SeparableConv1D",
        "SeparableConv2D",
    ],
    "dense": ["Dense", "EinsumDense", "Embedding"],
    "sequence": [
        "LSTM",
        "GRU",
        "SimpleRNN",
        "RNN",
        "ConvLSTM1D",
        "ConvLSTM2D",
        "LSTMCell",
        "GRUCell",
        "StackedRNNCells",
        "Bidirectional",
        "TimeDistributed",
        "Attention",
        "AdditiveAttention",
        "MultiHeadAttention",
        "GroupedQueryAttention",
    ],
    "pooling": [
        "MaxPooling1D",
        "MaxPooling2D",
        "AveragePooling2D",
        "GlobalMaxPooling2D",
        "GlobalAveragePooling1D",
        "UpSampling1D",
        "UpSampling2D",
        "Cropping2D",
        "ZeroPadding2D",
        "Resizing",
    ],
    "merging": [
        "Add",
        "Subtract",
        "Multiply",
        "Average",
        "Maximum",
        "Minimum",
        "Concatenate",
        "Dot",
        "GetItem",
        "Softmax",
        "NotEqual",
        "Sum",
        "Matmul",
        "Activation",
        "ReLU",
        "PReLU",
        "Rescaling",
        "Identity",
    ],
    "regularising": [
        "Dropout",
        "SpatialDropout2D",
        "AlphaDropout",
        "GaussianNoise",
        "GaussianDropout",
        "BatchNormalization",
        "LayerNormalization",
        "GroupNormalization",
        "RMSNormalization",
        "UnitNormalization",
        "SpectralNormalization",
        "Normalization",
        "ActivityRegularization",
        "RandomFlip",
        "RandomRotation",
    ],
    "reshaping": ["Reshape", "Flatten", "Permute", "RepeatVector"],
    "own": ["Lambda", "TFSMLayer", "JaxLayer"],
}

NAMES = {
    cls.__name__
    for cls in vars(layers).values()
    if isinstance(cls, type) and issubclass(cls, layers.Layer)
}


def family(kind: str, library: bool = True) -> str:
    return family_of(Call("x", "x", kind, "x", library=library)).name


@pytest.mark.parametrize(
    ("kind", "expected"),
    [(kind, name) for name, kinds in EXPECTED.items() for kind in kinds],
)
def test_class_has_expected_family(kind, expected):
    assert family(kind) == expected


def test_table_lists_existing_layers():
    operations = {"GetItem", "NotEqual", "Sum", "Matmul"}
    named = {kind for kinds in EXPECTED.values() for kind in kinds}
    later_than_keras_3_8 = {"RMSNormalization"}
    assert named - operations - NAMES <= later_than_keras_3_8


@pytest.mark.parametrize("kind", ["Dense", "Conv2D", "InputLayer", "Mine"])
def test_custom_class_has_own_family(kind):
    assert family(kind, library=False) == "own"


def builds_weights(cls) -> bool:
    """Tells whether the code of a Keras class adds weights."""
    names = {"add_weight", "add_variable"}
    return any(
        names & {*function.__code__.co_names}
        for base in cls.__mro__
        if base is not layers.Layer and issubclass(base, layers.Layer)
        for function in vars(base).values()
        if hasattr(function, "__code__")
    )


def test_every_layer_with_weights_has_family():
    with_weights = {
        cls
        for cls in vars(keras.layers).values()
        if isinstance(cls, type) and issubclass(cls, layers.Layer) and builds_weights(cls)
    }
    assert {layers.Dense, layers.Conv2D, layers.PReLU} <= with_weights
    fallen = {
        cls.__name__
        for cls in with_weights
        if not any(pattern.match(cls.__name__) for pattern, _name in families._PATTERNS)
    }
    assert fallen == set()


def test_families_have_different_glyphs():
    glyphs = [it.glyph for it in FAMILIES.values()]
    assert len({*glyphs}) == len(glyphs) == 9


# ---------------------------------------------------------------------------------------------
# Contrast, as WCAG 2.2 defines it


def luminance(colour: str) -> float:
    channels = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [it / 12.92 if it <= 0.04045 else ((it + 0.055) / 1.055) ** 2.4 for it in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    lighter, darker = sorted([luminance(one), luminance(other)], reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def test_contrast_follows_definition():
    assert contrast("#ffffff", "#000000") == pytest.approx(21)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
@pytest.mark.parametrize("name", FAMILIES)
def test_text_has_contrast_on_every_fill(name, theme):
    fill = FAMILIES[name].fill[theme]
    for ink in (FAMILIES[name].ink, TEXT, QUIET):
        assert contrast(ink[theme], fill) >= ENOUGH


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_text_has_contrast_on_surface(theme):
    for ink, ground in itertools.product((TEXT, QUIET), (SURFACE, PANEL)):
        assert contrast(ink[theme], ground[theme]) >= ENOUGH


@pytest.mark.parametrize("theme", [0, 1], ids=["light", "dark"])
def test_lines_and_glyphs_have_contrast(theme):
    for it in FAMILIES.values():
        assert contrast(it.border[theme], it.fill[theme]) >= 3
        assert contrast(it.border[theme], SURFACE[theme]) >= 3
    for line in (TRAINING, VALIDATION):
        assert contrast(line[theme], SURFACE[theme]) >= 3
