"""The figures of calls: well-formed, within their frame, and correct."""

import re
from itertools import product
from xml.etree import ElementTree

import pytest

from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.shapes.figures.axes import sources
from kfunc_lab.shapes.figures.figure import picture, style
from kfunc_lab.shapes.figures.parts import Subject, svg, text_label
from kfunc_lab.shapes.rules.arithmetic import number
from kfunc_lab.shapes.rules.formulas import (
    LAYERS,
    OPERATIONS,
    class_defaults,
    derivation,
    rule_of,
)
from kfunc_lab.shapes.rules.rule import Axis, Derivation, DoesNotFitError, Given
from kfunc_lab.ui.text_width import text_width

SVG = "{http://www.w3.org/2000/svg}"
IMAGE = (None, 28, 28, 3)


def call_of(kind, *shapes, operation=False, library=True, **settings):
    inputs = tuple(TensorSpec(shape, "float32") for shape in shapes)
    return Call(
        "x",
        "x",
        kind,
        "x",
        inputs,
        settings=settings,
        operation=operation,
        library=library,
    )


def draw(kind, *shapes, **options):
    call = call_of(kind, *shapes, **options)
    return picture(call, derivation(call))


def sentence(text):
    return ElementTree.fromstring(text).find(f"{SVG}title").text


def roles(text, tag="rect"):
    """Counts the elements of each role."""
    found = [it.get("class").removeprefix("figure-") for it in parsed(text).iter(SVG + tag)]
    return {role: found.count(role) for role in found}


def texts(text):
    return [it.text for it in parsed(text).iter(f"{SVG}text")]


def parsed(text):
    return ElementTree.fromstring(text)


def corners(element):
    """Yields the corner points of an element."""
    get = {name: float(value) for name, value in element.items() if _is_number(value)}
    tag = element.tag.removeprefix(SVG)
    if tag == "rect":
        assert get["width"] > 0
        assert get["height"] > 0
        yield get["x"], get["y"]
        yield get["x"] + get["width"], get["y"] + get["height"]
    elif tag == "circle":
        yield get["cx"] - get["r"], get["cy"] - get["r"]
        yield get["cx"] + get["r"], get["cy"] + get["r"]
    elif tag == "text":
        width = text_width(element.text, get["font-size"], element.get("font-weight") == "bold")
        left = (
            get["x"] - {"start": 0, "middle": 0.5, "end": 1}[element.get("text-anchor")] * width
        )
        yield left, get["y"] - 0.75 * get["font-size"]
        yield left + width, get["y"] + 0.22 * get["font-size"]
    elif tag == "path":
        numbers = list(map(float, re.findall(r"-?\d+\.?\d*", element.get("d"))))
        yield from zip(numbers[::2], numbers[1::2], strict=True)


def _is_number(value):
    return re.fullmatch(r"-?\d+(\.\d+)?", value) is not None


def check(text):
    """Checks that a figure is well-formed, within its frame, and without overlapping text."""
    root = parsed(text)
    width, height = float(root.get("width")), float(root.get("height"))
    assert root.get("viewBox") == f"0 0 {width:g} {height:g}"
    assert root.get("class") == "kfunc-lab-figure"
    assert root.get("role") == "img"
    assert width <= 240
    assert height <= 130
    texts = []
    for element in root:
        points = list(corners(element))
        for x, y in points:
            assert -0.1 <= x <= width + 0.1, ElementTree.tostring(element)
            assert -0.1 <= y <= height + 0.1, ElementTree.tostring(element)
        if element.tag == f"{SVG}text":
            texts.append((*points[0], *points[1]))
    for position, one in enumerate(texts):
        for other in texts[:position]:
            apart = one[2] <= other[0] or other[2] <= one[0]
            assert apart or one[3] <= other[1] or other[3] <= one[1], (texts(text), one, other)


CASES = {
    "convolution": call_of("Conv2D", IMAGE, filters=16, kernel_size=(3, 3)),
    "stem": call_of(
        "Conv2D", (None, 224, 224, 3), filters=8, kernel_size=7, strides=2, padding="same"
    ),
    "patches": call_of("Conv2D", (None, 224, 224, 3), filters=8, kernel_size=16, strides=16),
    "sound": call_of("Conv1D", (None, 50176, 1), filters=8, kernel_size=80, strides=4),
    "dilated": call_of("Conv1D", (None, 28, 1), filters=8, kernel_size=3, dilation_rate=2),
    "causal": call_of(
        "Conv1D", (None, 28, 1), filters=8, kernel_size=3, dilation_rate=2, padding="causal"
    ),
    "few": call_of("Conv1D", (None, 4, 1), filters=8, kernel_size=3),
    "one place": call_of("Conv1D", (None, 4, 1), filters=8, kernel_size=4),
    "not known": call_of("Conv2D", (None, None, None, 3), filters=8, kernel_size=3),
    "volume": call_of("Conv3D", (None, 8, 9, 10, 3), filters=8, kernel_size=3),
    "depthwise": call_of("DepthwiseConv2D", IMAGE, kernel_size=3, padding="same"),
    "separable": call_of("SeparableConv1D", (None, 28, 3), filters=8, kernel_size=3),
    "pool": call_of("MaxPooling2D", IMAGE),
    "transposed": call_of(
        "Conv2DTranspose", (None, 7, 7, 3), filters=8, kernel_size=3, strides=2
    ),
    "transposed with gaps": call_of(
        "Conv1DTranspose", (None, 3, 3), filters=8, kernel_size=2, strides=4
    ),
    "transposed, same": call_of(
        "Conv1DTranspose", (None, None, 3), filters=8, kernel_size=5, strides=2, padding="same"
    ),
    "padding": call_of("ZeroPadding2D", IMAGE, padding=((0, 0), (100, 2))),
    "cropping": call_of("Cropping2D", IMAGE, cropping=((2, 3), (0, 0))),
    "flatten": call_of("Flatten", IMAGE),
    "permute": call_of("Permute", (None, 10, 64), dims=(2, 1)),
    "reshape": call_of("Reshape", (None, 7, 7, 64), target_shape=(49, 64)),
    "global pooling": call_of("GlobalAveragePooling2D", IMAGE),
    "up-sampling": call_of("UpSampling2D", IMAGE),
    "one number": call_of("Sum", IMAGE, operation=True),
    "split": call_of("Split", (None, 28), operation=True, indices_or_sections=2, axis=1),
    "concatenate": call_of("Concatenate", (None, 8), (None, 16)),
    "concatenate many": call_of("Concatenate", *[(None, 50176)] * 12),
    "concatenate with one": call_of("Concatenate", (None, 512), (None, 1)),
    "stack": call_of("Stack", (None, 8), (None, 8), operation=True, axis=1),
    "add": call_of("Add", IMAGE, IMAGE),
    "add large": call_of("Add", *[(None, 16, 112, 112, 64)] * 3),
    "add many": call_of("Add", *[(None, 10)] * 9),
    "average": call_of("Average", *[(None, 10)] * 3),
    "broadcast": call_of("Multiply", IMAGE, (None, 1, 1, 3)),
    "dense": call_of("Dense", (None, 784), units=64),
    "dense to one": call_of("Dense", (None, 3), units=1),
    "embedding": call_of("Embedding", (None, 20), input_dim=1000000, output_dim=64),
    "embedding of two": call_of("Embedding", (None, 20), input_dim=2, output_dim=1),
    "lstm": call_of("LSTM", (None, 20, 8), units=4),
    "gru": call_of("GRU", (None, None, 8), units=4, return_sequences=True, go_backwards=True),
    "one step": call_of("SimpleRNN", (None, 1, 8), units=4),
    "bidirectional": call_of("Bidirectional", (None, 12000, 8), layer="LSTM(units=8)"),
    "attention": call_of(
        "MultiHeadAttention", (None, 10, 8), (None, 50176, 8), num_heads=2, key_dim=4
    ),
    "attention to one": call_of("Attention", (None, 1, 8), (None, 1, 8)),
}


@pytest.mark.parametrize("call", CASES.values(), ids=CASES)
def test_figure_fits_frame(call):
    text = picture(call, derivation(call))
    check(text)
    assert text == picture(call, derivation(call))


@pytest.mark.parametrize("kind", ["Conv1D", "Conv1DTranspose"])
def test_windows_of_all_sizes_fit_frame(kind):
    choices = product(
        (1, 2, 3, 5, 13, 14, 15, 16, 224, None),
        (1, 2, 3, 11, 33, 200),
        (1, 2, 16, 150),
        (1, 2, 40),
        ("valid", "same", "causal"),
    )
    for size, window, stride, dilation, padding in choices:
        if (stride > 1 and dilation > 1) or (kind != "Conv1D" and padding == "causal"):
            continue
        settings = {"kernel_size": window, "strides": stride, "padding": padding}
        call = call_of(kind, (None, size, 3), filters=2, dilation_rate=dilation, **settings)
        try:
            found = derivation(call)
        except DoesNotFitError:
            continue
        text = picture(call, found)
        if text:
            check(text)
        else:
            assert dilation * (window - 1) + 1 + stride > 4000


def test_padding_of_all_sizes_fits_frame():
    for size, a, b in product((4, 5, 6, 7, 28, None), (0, 1, 2, 5, 60), (0, 1, 60)):
        for kind, setting in (("ZeroPadding1D", "padding"), ("Cropping1D", "cropping")):
            if kind == "Cropping1D" and size is not None and a + b >= size:
                continue
            text = draw(kind, (None, size, 3), **{setting: (a, b)})
            assert bool(text) == bool(a or b)
            if text:
                check(text)


def test_every_rule_has_known_figure():
    from kfunc_lab.shapes.figures import figure

    names = {it.picture for it in [*LAYERS.values(), *OPERATIONS.values()]}
    assert names - {""} <= set(figure._PICTURES)


# ---------------------------------------------------------------------------------------------
# Text and elements


def test_window_shows_sizes():
    text = draw("Conv2D", IMAGE, filters=16, kernel_size=(3, 3))
    assert (
        sentence(text)
        == "A window of size 3 slides along an axis of size 28 with stride 1: 26 positions."
    )
    assert texts(text) == ["28", "26", "3", "height, width"]
    one = draw("Conv1D", (None, 4, 1), filters=1, kernel_size=4)
    assert (
        sentence(one)
        == "A window of size 4 slides along an axis of size 4 with stride 1: 1 position."
    )
    unknown = draw("Conv1D", (None, None, 1), filters=1, kernel_size=4, padding="same")
    assert (
        sentence(unknown)
        == "A window of size 4 slides along an axis of size ? with stride 1: ? positions."
    )


def test_pooling_stride_equals_window():
    text = draw("MaxPooling1D", (None, 7, 1))
    assert (
        sentence(text)
        == "A window of size 2 slides along an axis of size 7 with stride 2: 3 positions."
    )
    # The window has two cells and one position; cells that no window reaches are faint.
    assert roles(text) == {"touched": 3, "cell": 6, "faint": 1, "window": 1, "next": 1}


def test_window_covers_padding():
    text = draw("Conv1D", (None, 6, 1), filters=1, kernel_size=5, padding="same")
    assert sentence(text).endswith("6 positions. Padding: 2 before, 2 after.")
    assert roles(text)["added"] == 2
    assert roles(text)["ghost"] == 2


def test_causal_window_has_padding_before():
    text = draw(
        "Conv1D", (None, 6, 1), filters=1, kernel_size=3, dilation_rate=2, padding="causal"
    )
    assert sentence(text).endswith("Dilation: 2. Padding: 4 before, 0 after.")
    assert roles(text)["added"] == 2  # with one cell and its position
    assert roles(text)["touched"] == 2


def test_axes_with_different_settings_are_separate():
    text = draw("Conv2D", IMAGE, filters=1, kernel_size=(3, 3), strides=(1, 2))
    assert texts(text)[-1] == "height"
    first = draw(
        "Conv2D", (None, 3, 28, 30), filters=1, kernel_size=3, data_format="channels_first"
    )
    assert texts(first)[-1] == "height"
    assert texts(first)[:2] == ["28", "26"]


def test_transposed_window_shows_sizes():
    settings = {"filters": 2, "kernel_size": 3, "strides": 2}
    text = draw("Conv2DTranspose", (None, 7, 7, 3), **settings)
    assert sentence(text) == (
        "Each of the 7 positions of an axis spreads over 3 positions, with stride 2: 15 positions."
    )
    cut = draw("Conv2DTranspose", (None, 7, 7, 3), **settings, padding="same")
    assert sentence(cut).endswith("14 positions. Cropped: 0 before, 1 after.")


def test_padding_and_cropping_show_sizes():
    text = draw("Cropping2D", IMAGE, cropping=((0, 0), (2, 3)))
    assert (
        sentence(text)
        == "An axis of size 28 is cropped by 2 at the start and 3 at the end: 23."
    )
    assert texts(text) == ["−2", "−3", "23", "28", "width"]
    assert roles(text)["faint"] == 5
    text = draw("ZeroPadding1D", (None, 3, 3), padding=(1, 0))
    assert texts(text) == ["+1", "3", "4"]
    assert roles(text) == {"added": 1, "cell": 3}


def axis_sources(kind, *shapes, **options):
    call = call_of(kind, *shapes, **options)
    rule = rule_of(kind, operation=call.operation)
    defaults = {} if call.operation else class_defaults(kind)
    given = Given(kind, {**defaults, **call.settings}, tuple(it.shape for it in call.inputs))
    return sources(Subject(given, derivation(call), rule))


def test_output_axes_have_correct_sources():
    square = (None, 28, 28, 28)
    assert axis_sources("GlobalMaxPooling2D", square) == [[0], [3]]
    assert axis_sources("GlobalMaxPooling2D", square, keepdims=True) == [[0], [1], [2], [3]]
    assert axis_sources("Flatten", square) == [[0], [1, 2, 3]]
    assert axis_sources("Permute", square, dims=(3, 1, 2)) == [[0], [3], [1], [2]]
    assert axis_sources("UpSampling2D", square) == [[0], [1], [2], [3]]
    assert axis_sources("Reshape", square, target_shape=(-1, 28)) == [[0], [1, 2, 3], [1, 2, 3]]
    assert axis_sources("RepeatVector", (None, 8), n=8) == [[0], [], [1]]
    assert axis_sources("Sum", square, operation=True, axis=1) == [[0], [2], [3]]
    assert axis_sources("Transpose", square, operation=True, axes=(0, 3, 1, 2)) == [
        [0],
        [3],
        [1],
        [2],
    ]
    assert axis_sources("Squeeze", (None, 1, 8, 1), operation=True, axis=3) == [[0], [1], [2]]
    assert axis_sources("ExpandDims", (None, 8), operation=True, axis=1) == [[0], [], [1]]


def test_axes_show_changes():
    text = draw("GlobalAveragePooling2D", IMAGE)
    assert sentence(text) == "Axes: (28, 28, 3) → 3."
    assert roles(text) == {"faint": 2, "cell": 2}
    text = draw("Permute", (None, 10, 64), dims=(2, 1))
    assert texts(text) == ["10", "64", "64", "10"]
    assert roles(text, "path") == {"accent": 2}
    # One output of several, and an axis of unknown size.
    assert texts(picture(CASES["split"], derivation(CASES["split"])))[-1] == "output 1 of 2"
    assert texts(draw("Flatten", (None, None, 3))) == ["?", "3", "?"]


def test_too_many_axes_have_no_figure():
    assert draw("Flatten", (None, *[50176] * 6)) == ""


def test_block_lengths_follow_sizes():
    text = draw("Concatenate", (None, 28, 28, 8), (None, 28, 28, 16))
    assert sentence(text) == "Tensors joined along one axis: sizes 8, 16, total 24."
    assert texts(text) == ["8", "16", "24", "channels"]
    one, other = (float(it.get("width")) for it in parsed(text).iter(f"{SVG}rect"))
    assert other > 1.5 * one
    assert texts(draw("Concatenate", (None, None, 8), (None, 3, 8), axis=1))[:3] == [
        "?",
        "3",
        "?",
    ]


def test_elementwise_figure_shows_operator():
    text = draw("Maximum", (None, 8, 3), (None, 8, 1))
    assert sentence(text) == "Element by element: (8, 3) max (8, 1) = (8, 3)."
    assert roles(text) == {"cell": 2, "ghost": 1, "touched": 1}
    text = draw("Average", (None, 8), (None, 8))
    assert sentence(text) == "Element by element: (8 + 8) / 2 = 8."


def test_weights_show_sizes():
    text = draw("Dense", (None, 784), units=64)
    assert sentence(text) == "Every output depends on every input: 784 → 64."
    assert texts(text) == ["784", "64"]
    text = draw("Embedding", (None, 20), input_dim=10000, output_dim=64)
    assert sentence(text).startswith("A table with 10,000 rows and 64 columns")
    assert texts(text) == ["2", "10,000 × 64", "64"]


def test_recurrent_steps_show_outputs():
    ends = []
    for every in (False, True):
        text = draw("LSTM", (None, 4, 8), units=2, return_sequences=every)
        ends.append(roles(text, "path")["accent-end"])
        assert texts(text) == ["1", "2", "3", "4"]
    assert ends == [3 + 1, 3 + 4]
    assert sentence(text) == "Steps, one after the other: 4. A result after each step."
    backward = draw("GRU", (None, 3, 8), units=2, go_backwards=True)
    assert texts(backward) == ["3", "2", "1"]
    both = draw("Bidirectional", (None, 20, 8), layer="LSTM(units=8)")
    assert sentence(both) == "Steps, forward and backward: 20. A result after the last step."
    assert roles(both, "path")["accent-end"] == 2 * 4 + 2


def test_arrows_of_both_directions_are_apart():
    def heights(call):
        """Returns the y coordinates of the horizontal arrows."""
        found = parsed(picture(call, derivation(call))).iter(f"{SVG}path")
        lines = [[*corners(it)] for it in found if it.get("class") == "figure-accent"]
        return {start[1] for start, end in lines if start[1] == end[1]}

    [middle] = heights(call_of("LSTM", (None, 4, 8), units=2))
    above, below = sorted(heights(CASES["bidirectional"]))
    assert above < middle < below


def test_attention_shows_sizes():
    text = draw("Attention", (None, 10, 8), (None, 12, 8))
    assert sentence(text).endswith("Queries: 10; keys: 12.")
    assert texts(text) == ["keys", "12", "queries", "10"]


# ---------------------------------------------------------------------------------------------
# Missing figures and escaping

FOUND = Derivation(((Axis("batch", number(None), "input"), Axis("", number(8))),))


@pytest.mark.parametrize(
    "call",
    [
        call_of("Dropout", (None, 8)),
        call_of("Nothing", (None, 8)),
        call_of("Dense", (None, 8), library=False),
        call_of("Dense", None, units=8),
        call_of("Dense", units=8),
        call_of("Conv2D", (None, 8, 8, 3), filters=8, kernel_size="odd"),
        call_of("MaxPool", (None, 8), operation=True),
        call_of("Concatenate", (None, 8), (None, 8, 8)),
        call_of("Concatenate", (None, 8), (None, 8), axis="odd"),
        call_of("Embedding", (None, 8), input_dim="odd", output_dim=8),
        call_of("Bidirectional", (None, 8, 8), layer="odd"),
        call_of("LSTM", (None, 8), units=8),
        call_of("Attention", (None, 8)),
        call_of("ZeroPadding1D", (None, 8, 8)),
        call_of("Add", (None, 8)),
    ],
    ids=lambda call: call.kind,
)
def test_unusual_calls_have_no_figure(call):
    assert picture(call, FOUND) == ""


@pytest.mark.parametrize("value", ["odd", (), (3,), 0, None, (None, None), (2.5, 2.5)])
@pytest.mark.parametrize("name", ["kernel_size", "strides", "dilation_rate"])
def test_invalid_window_settings_are_safe(name, value):
    good = {"filters": 8, "kernel_size": 3}
    found = derivation(call_of("Conv2D", IMAGE, **good))
    text = picture(call_of("Conv2D", IMAGE, **{**good, name: value}), found)
    if text:
        check(text)


def test_text_is_escaped():
    hostile = '</text><script>"&'
    text = svg(20, hostile, [text_label("number", hostile, 120, 12)])
    assert "<script" not in text
    assert sentence(text) == hostile
    assert texts(text) == [hostile]


def test_style_covers_every_role_and_theme():
    rules = style()
    assert "light-dark(#2f6fc4,#5b9be6)" in rules
    assert all(rule.startswith(".kfunc-lab-figure ") for rule in rules.splitlines())
    for call in CASES.values():
        for element in parsed(picture(call, derivation(call))).iter():
            if "figure-" in element.get("class", "") and element.tag != f"{SVG}svg":
                assert f".{element.get('class')}{{" in rules
