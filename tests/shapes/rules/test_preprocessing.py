"""Rules for preprocessing layers, compared with Keras for drawn and invalid settings."""

import keras
import pytest
from against_keras import apply_rule, check_call
from backends import tensorflow_only
from examples import examples
from hypothesis import given
from hypothesis import strategies as st
from keras import layers

from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.shapes.rules.arithmetic import equation
from kfunc_lab.shapes.rules.formulas import derivation
from kfunc_lab.shapes.rules.rule import DoesNotFitError

drawn = examples(30)
of_tensorflow = tensorflow_only("a layer that computes with TensorFlow")
sizes = st.sampled_from([None, 1, 3, 8])
shapes = st.tuples(st.sampled_from([None, 2]), st.lists(sizes, max_size=3)).map(
    lambda it: (it[0], *it[1])
)
FORMATS = ["channels_last", "channels_first"]


def compare(make, *shapes, dtype="float32"):
    """Checks that Keras and the rule agree or both raise, or that no rule applies."""
    try:
        layer = make()
    except ValueError:
        return
    inputs = [keras.Input(batch_shape=shape, dtype=dtype) for shape in shapes]
    try:
        outputs = layer(inputs if len(inputs) > 1 else inputs[0])
    except (ValueError, TypeError):
        with pytest.raises(DoesNotFitError):
            apply_rule(make(), shapes)
        return
    if apply_rule(make(), shapes) is not None:
        check_call(outputs)


def derive_call(kind, *shapes, **settings):
    inputs = tuple(TensorSpec(shape, "float32") for shape in shapes)
    return derivation(Call("x", "x", kind, "x", inputs=inputs, settings=settings))


# ---------------------------------------------------------------------------------------------
# Images


@pytest.mark.parametrize("kind", ["Resizing", "CenterCrop", "RandomCrop"])
@drawn
@given(st.data())
def test_image_sizes_match_keras(kind, data):
    shape = tuple(data.draw(st.lists(sizes, min_size=3, max_size=4)))
    height, width = data.draw(st.integers(1, 9)), data.draw(st.integers(1, 9))
    data_format = data.draw(st.sampled_from(FORMATS))
    make = getattr(layers, kind)
    check_call(make(height, width, data_format=data_format)(keras.Input(batch_shape=shape)))


@pytest.mark.parametrize("setting", ["crop_to_aspect_ratio", "pad_to_aspect_ratio"])
def test_aspect_ratio_does_not_change_shape(setting):
    found = check_call(layers.Resizing(4, 6, **{setting: True})(keras.Input((9, 9, 3))))
    assert found.shapes == ((None, 4, 6, 3),)
    assert [axis.reason for axis in found.outputs[0]] == ["input", "height", "width", "input"]


def test_non_images_are_rejected():
    for kind in ("Resizing", "CenterCrop", "RandomCrop"):
        with pytest.raises(DoesNotFitError):
            derive_call(kind, (None, 9), height=4, width=4)


def test_images_with_labels_have_no_rule():
    assert derive_call("Resizing", (None, 9, 9, 3), (None, 10), height=4, width=4) is None


# ---------------------------------------------------------------------------------------------
# Categories


@drawn
@given(shapes, st.integers(0, 9), st.sampled_from(["one_hot", "multi_hot", "count"]))
def test_category_encoding_matches_keras(shape, tokens, mode):
    compare(lambda: layers.CategoryEncoding(tokens, output_mode=mode), shape)


@of_tensorflow
@drawn
@given(shapes, st.integers(1, 9), st.sampled_from(["int", "one_hot", "multi_hot", "count"]))
def test_hashing_matches_keras(shape, bins, mode):
    compare(lambda: layers.Hashing(bins, output_mode=mode), shape, dtype="int32")


@of_tensorflow
@drawn
@given(shapes, sizes, st.integers(1, 9), st.sampled_from(["int", "one_hot"]))
def test_hashed_crossing_matches_keras(shape, last, bins, mode):
    other = (*shape[:-1], last)
    make = lambda: layers.HashedCrossing(bins, output_mode=mode)  # noqa: E731
    compare(make, shape, shape, dtype="int32")
    compare(make, shape, other, dtype="int32")


def test_hashed_crossing_needs_two_inputs():
    with pytest.raises(DoesNotFitError):
        derive_call("HashedCrossing", *[(None, 1)] * 3, num_bins=4)


@drawn
@given(shapes)
def test_discretization_matches_keras(shape):
    check_call(layers.Discretization([0.0, 1.0])(keras.Input(batch_shape=shape)))


def test_discretization_modes_have_no_rule():
    settings = {"bin_boundaries": (0.0, 1.0), "output_mode": "one_hot"}
    assert derive_call("Discretization", (None, 3), **settings) is None


# ---------------------------------------------------------------------------------------------
# Vocabularies

MODES = st.sampled_from(["int", "one_hot", "multi_hot", "count"])
WORDS = {"StringLookup": ["a", "b", "c"], "IntegerLookup": [3, 4, 5]}
UNKNOWN = {"StringLookup": "[UNK]", "IntegerLookup": -1}
DTYPE = {"StringLookup": "string", "IntegerLookup": "int64"}


@of_tensorflow
@pytest.mark.parametrize("kind", list(WORDS))
@drawn
@given(st.data())
def test_lookups_match_keras(kind, data):
    unknown = data.draw(st.integers(0, 2))
    listed = data.draw(st.booleans())
    mode = data.draw(MODES)
    mask = data.draw(st.sampled_from([None, 0 if kind == "IntegerLookup" else ""]))
    special = ([] if mask is None or mode != "int" else [mask]) + [UNKNOWN[kind]] * unknown
    config = {
        "vocabulary": (special if listed else []) + WORDS[kind],
        "num_oov_indices": unknown,
        "mask_token": mask,
        "output_mode": mode,
        "max_tokens": data.draw(st.sampled_from([None, 4, 9])),
        "pad_to_max_tokens": data.draw(st.booleans()),
    }
    shape = data.draw(shapes)
    try:
        layer = getattr(layers, kind)(**config)
    except ValueError:
        with pytest.raises(DoesNotFitError):
            derive_call(kind, shape, **{**config, "vocabulary": tuple(config["vocabulary"])})
        return
    compare(lambda: layer, shape, dtype=DTYPE[kind])


@of_tensorflow
@drawn
@given(st.data())
def test_text_vectorization_matches_keras(data):
    mode = data.draw(MODES)
    config = {
        "vocabulary": data.draw(
            st.sampled_from([["a", "b"], ["[UNK]", "a"], ["", "[UNK]", "b"]])
        ),
        "output_mode": mode,
        "output_sequence_length": data.draw(st.sampled_from([None, 5])),
        "split": data.draw(st.sampled_from([None, "whitespace"])),
        "max_tokens": data.draw(st.sampled_from([None, 9])),
        "pad_to_max_tokens": data.draw(st.booleans()),
    }
    shape = data.draw(shapes)
    compare(lambda: layers.TextVectorization(**config), shape, dtype="string")


@of_tensorflow
def test_vocabulary_size_is_computed():
    found = apply_rule(
        layers.StringLookup(vocabulary=["a", "b", "c"], output_mode="multi_hot"), [(None, 5)]
    )
    assert equation(found.outputs[0][1].size) == "3 + 1 = 4"


def test_unknown_vocabulary_has_no_rule():
    assert derive_call("StringLookup", (None, 1), output_mode="one_hot") is None
    assert derive_call("TextVectorization", (None,), output_mode="multi_hot") is None
    assert derive_call("TextVectorization", (None,), ragged=True) is None
    assert derive_call("TextVectorization", (None,)).shapes == ((None, None),)


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        ("CategoryEncoding", {}),
        ("CategoryEncoding", {"num_tokens": 0}),
        pytest.param("Hashing", {"num_bins": 0}, marks=of_tensorflow),
        pytest.param("StringLookup", {"pad_to_max_tokens": True}, marks=of_tensorflow),
        pytest.param("StringLookup", {"max_tokens": 1}, marks=of_tensorflow),
        pytest.param("StringLookup", {"num_oov_indices": -1}, marks=of_tensorflow),
        pytest.param(
            "StringLookup", {"invert": True, "output_mode": "one_hot"}, marks=of_tensorflow
        ),
        pytest.param(
            "StringLookup", {"vocabulary": ("a",), "output_mode": "tf_idf"}, marks=of_tensorflow
        ),
        pytest.param(
            "StringLookup", {"vocabulary": ("a", "b"), "max_tokens": 2}, marks=of_tensorflow
        ),
        pytest.param(
            "TextVectorization",
            {"output_mode": "count", "output_sequence_length": 4},
            marks=of_tensorflow,
        ),
        ("MelSpectrogram", {"fft_length": 64, "sequence_length": 65}),
        ("STFTSpectrogram", {"frame_length": 8, "frame_step": 9}),
        ("STFTSpectrogram", {"frame_length": 8, "fft_length": 7}),
    ],
)
def test_invalid_settings_are_rejected(kind, settings):
    with pytest.raises(DoesNotFitError):
        derive_call(kind, (None, 64, 2), **settings)
    if kind != "MelSpectrogram":  # earlier versions raise only for real numbers
        with pytest.raises(ValueError):  # noqa: PT011  # Keras chooses the message
            getattr(layers, kind)(**settings)


# ---------------------------------------------------------------------------------------------
# Sound


@drawn
@given(
    st.lists(st.sampled_from([None, 100, 1023, 16000]), min_size=1, max_size=2),
    st.integers(1, 600),
    st.integers(1, 64),
)
def test_mel_spectrogram_matches_keras(shape, stride, bands):
    compare(
        lambda: layers.MelSpectrogram(sequence_stride=stride, num_mel_bins=bands), tuple(shape)
    )


@drawn
@given(st.data())
def test_stft_spectrogram_matches_keras(data):
    config = {
        "window": None,  # other windows need SciPy
        "mode": data.draw(
            st.sampled_from(["log", "magnitude", "psd", "real", "imag", "angle", "stft"])
        ),
        "frame_length": data.draw(st.integers(2, 20)),
        "frame_step": data.draw(st.sampled_from([None, 1, 2, 7])),
        "fft_length": data.draw(st.sampled_from([None, None, 32, 64])),
        "padding": data.draw(st.sampled_from(["valid", "same"])),
        "expand_dims": data.draw(st.booleans()),
        "data_format": data.draw(st.sampled_from(FORMATS)),
    }
    samples = data.draw(st.sampled_from([None, 20, 33, 50]))
    channels = data.draw(st.sampled_from([1, 3]))
    first = config["data_format"] == "channels_first"
    shape = (None, channels, samples) if first else (None, samples, channels)
    compare(lambda: layers.STFTSpectrogram(**config), shape)


def test_spectrogram_counts_multiply_adds():
    found = derive_call(
        "STFTSpectrogram", (None, 20, 3), mode="real", frame_length=8, frame_step=4
    )
    assert found.shapes == ((None, 4, 15),)
    # 4 positions, with 8 numbers of 3 channels times 5 frequencies each.
    assert found.multiply_adds.value == 4 * 8 * 3 * 5


def test_frame_longer_than_signal_is_rejected():
    with pytest.raises(DoesNotFitError) as caught:
        derive_call("STFTSpectrogram", (None, 20, 1), frame_length=24)
    assert caught.value.arithmetic == "⌊(20 + 2·0 − 24)/12⌋ + 1 = 0"


def test_unknown_channels_are_rejected():
    with pytest.raises(DoesNotFitError):
        derive_call("STFTSpectrogram", (None, 500, None))
