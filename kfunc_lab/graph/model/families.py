"""Families of layers: the kind of work a call does, shown by a colour and a glyph."""

import re
from dataclasses import dataclass

from kfunc_lab.graph.model.layer_graph import Call


@dataclass(frozen=True)
class Family:
    """The glyph and the colours of a family, each colour for a light and a dark surface.

    Attributes:
        name: The name, also used as a CSS class.
        glyph: A character that common fonts contain, and so does the drawing program's font.
        fill: The colour inside the box.
        border: The colour of the border.
        ink: The colour of the class name; its contrast with the fill is 4.5 or more.
    """

    name: str
    glyph: str
    fill: tuple[str, str]
    border: tuple[str, str]
    ink: tuple[str, str]


FAMILIES = {
    family.name: family
    for family in (
        Family(
            "input", "►", ("#e3effd", "#16283f"), ("#2f6fc4", "#5b9be6"), ("#1d4f91", "#9cc6f8")
        ),
        Family(
            "convolution",
            "■",
            ("#e2f4e6", "#14301f"),
            ("#2c8a4b", "#4fb377"),
            ("#1b5e33", "#93dcae"),
        ),
        Family(
            "dense", "●", ("#eee8fd", "#291f42"), ("#7b52c9", "#a283e6"), ("#55339b", "#cdb8fa")
        ),
        Family(
            "sequence",
            "↔",
            ("#dcf4f4", "#0e2f31"),
            ("#16858c", "#3fb0b8"),
            ("#0c5a60", "#8fdde2"),
        ),
        Family(
            "pooling",
            "▼",
            ("#fdf0d5", "#35260c"),
            ("#b7791f", "#d99a3d"),
            ("#7a4b06", "#f3c987"),
        ),
        Family(
            "merging",
            "+",
            ("#fce6f3", "#3a1830"),
            ("#c0408f", "#e07ab9"),
            ("#8a2263", "#f6b6dc"),
        ),
        Family(
            "regularising",
            "◊",
            ("#e9edf2", "#222a35"),
            ("#64748b", "#8b9bb3"),
            ("#3d4a5c", "#bcc8d9"),
        ),
        Family(
            "reshaping",
            "□",
            ("#f1ede6", "#2c2820"),
            ("#8a7f6d", "#a99d88"),
            ("#574f42", "#d5cbb9"),
        ),
        Family(
            "own", "○", ("#ffffff", "#1c1f24"), ("#24292f", "#d0d7de"), ("#24292f", "#e6edf3")
        ),
    )
}

# The first pattern that matches the start of a class name decides. Classes that no pattern matches
# do arithmetic: activations, and raw operations such as `Multiply` or `Softmax`.
_PATTERNS = [
    (re.compile(pattern), name)
    for pattern, name in (
        (r"InputLayer|KerasTensor", "input"),
        (r"ConvLSTM|.*RNN|LSTM|GRU|.*Attention|Bidirectional|TimeDistributed", "sequence"),
        (r"(Depthwise|Separable)?Conv|STFTSpectrogram", "convolution"),
        (r"(Einsum)?Dense|(Reversible)?Embedding", "dense"),
        (r".*Pool|UpSampling|Cropping|ZeroPadding|Resizing|CenterCrop", "pooling"),
        (
            r".*Dropout|.*Normalization|.*Noise|Random|AugMix|CutMix|MixUp|RandAug",
            "regularising",
        ),
        (r"ActivityRegularization|Masking", "regularising"),
        (r"Reshape|Flatten|Permute|RepeatVector|Transpose|Squeeze|ExpandDims", "reshaping"),
        (r"CategoryEncoding|Discretization|Hash|.*Lookup|TextVectorization", "reshaping"),
        (r"PReLU", "merging"),  # an activation, though it has weights
        (r"Lambda|.*Wrapper|JaxLayer|FlaxLayer|TFSMLayer|Layer$|Wrapper", "own"),
    )
]


def family_of(call: Call) -> Family:
    """Returns the family of a call, by the name of its class.

    Args:
        call: A call of a graph.

    Returns:
        The family; `"own"` for a custom class.

    Example:
        >>> family_of(Call("conv", "conv", "Conv2D", "conv")).name
        'convolution'
    """
    if not call.library:
        return FAMILIES["own"]
    for pattern, name in _PATTERNS:
        if pattern.match(call.kind):
            return FAMILIES[name]
    return FAMILIES["merging"]
