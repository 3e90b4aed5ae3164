"""Layers that do not change a shape and have no weights."""

from collections.abc import Iterator

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.rule import (
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    expect_rank,
    kept,
    same,
)

# Where each of them is described, by the page's address after that of all layers.
_PAGES = {
    "activation_layers": ("ReLU", "LeakyReLU", "ELU", "Softmax"),
    "core_layers": ("Activation", "Masking"),
    "regularization_layers": (
        "Dropout",
        "AlphaDropout",
        "GaussianDropout",
        "GaussianNoise",
        "ActivityRegularization",
    ),
    "preprocessing_layers/image_preprocessing": ("Rescaling", "AutoContrast"),
    "preprocessing_layers/image_augmentation": (
        "AugMix",
        "ContrastLimitedAdaptiveHistogramEqualization",
        "CutMix",
        "Equalization",
        "MixUp",
        "RandAugment",
        "RandomBrightness",
        "RandomColorJitter",
        "RandomContrast",
        "RandomElasticTransform",
        "RandomErasing",
        "RandomFlip",
        "RandomGaussianBlur",
        "RandomGrayscale",
        "RandomHue",
        "RandomInvert",
        "RandomPerspective",
        "RandomPosterization",
        "RandomRotation",
        "RandomSaturation",
        "RandomSharpness",
        "RandomShear",
        "RandomTranslation",
        "RandomZoom",
        "Solarization",
    ),
}


def _source(page: str) -> str:
    return f"https://keras.io/api/layers/{page}/"


def _unchanged(call: Given) -> Derivation:
    """Images may come with labels and boxes; what becomes of these, the layer itself says."""
    if len(call.inputs) != 1:
        raise NoRuleError(call.kind)
    return same(call)


def _identity(call: Given) -> Derivation:
    """It passes on all that it is given."""
    return Derivation(tuple(kept(shape) for shape in call.inputs))


def _spatial_dropout(call: Given) -> Derivation:
    """It drops whole channels of a space, of which the class's name says the dimensions."""
    expect_rank(call, int(call.kind[-2]) + 2)
    return same(call)


def _color_degeneration(call: Given) -> Derivation:
    """It weighs red, green and blue against each other."""
    derived = _unchanged(call)
    shape = call.shape
    if len(shape) not in (3, 4):
        raise DoesNotFitError(
            _(
                "It expects one image (3 dimensions) or a batch of images (4 dimensions), but "
                "got {shape}."
            ).format(shape=shape)
        )
    channels = shape[-3] if call.channels_first else shape[-1]
    if channels not in (3, None):
        raise DoesNotFitError(
            _("It expects 3 channels, but got {n}: {shape}.").format(n=channels, shape=shape),
            f"{channels} ≠ 3",
        )
    return derived


def _rules() -> Iterator[Rule]:
    for page, kinds in _PAGES.items():
        for kind in kinds:
            yield Rule(kind, _unchanged, _source(page))


RULES = (
    *_rules(),
    *(
        Rule(f"SpatialDropout{rank}D", _spatial_dropout, _source("regularization_layers"))
        for rank in (1, 2, 3)
    ),
    Rule("Identity", _identity, _source("core_layers")),
    Rule(
        "RandomColorDegeneration",
        _color_degeneration,
        _source("preprocessing_layers/image_augmentation"),
    ),
)
