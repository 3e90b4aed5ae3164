"""Shape rules for layers that do not change the shape and have no weights."""

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

# The classes by the documentation page that describes them.
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
    """Derives a layer with one input; with labels and boxes besides images, there is no rule."""
    if len(call.inputs) != 1:
        raise NoRuleError(call.kind)
    return same(call)


def _identity(call: Given) -> Derivation:
    """Derives a layer that returns all of its inputs."""
    return Derivation(tuple(kept(shape) for shape in call.inputs))


def _spatial_dropout(call: Given) -> Derivation:
    """Derives a layer that drops whole channels; the class name states the number of axes."""
    expect_rank(call, int(call.kind[-2]) + 2)
    return same(call)


def _color_degeneration(call: Given) -> Derivation:
    """Derives a layer that mixes red, green and blue, so it needs 3 channels."""
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
