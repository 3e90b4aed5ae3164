"""Rules for what prepares data: images to one size, categories to numbers, sound to spectra."""

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, equation, floor, number, written
from kfunc_lab.shapes.rules.rule import (
    Axis,
    Derivation,
    DoesNotFitError,
    Given,
    NoRuleError,
    Rule,
    Shape,
    WeightSize,
    axis,
    batch,
    expect_rank,
    kept,
    same,
)
from kfunc_lab.shapes.rules.windows import window_size

_PAGES = "https://keras.io/api/layers/preprocessing_layers/"

# ---------------------------------------------------------------------------------------------
# Images


def _image_of_size(given: Given) -> Derivation:
    """Whatever is cut away or added, the image has the size that was asked for."""
    rank = len(given.shape)
    if rank not in (3, 4):
        raise DoesNotFitError(
            _(
                "It expects one image (3 dimensions) or a batch of images (4 dimensions), but "
                "got {shape}."
            ).format(shape=given.shape)
        )
    if len(given.inputs) > 1:  # with labels or boxes, of which the layer itself says more
        raise NoRuleError(given.kind)
    first = rank - 2 if given.channels_first else rank - 3
    made = list(_image_axes(given))
    for place, setting in enumerate(("height", "width"), first):
        made[place] = axis(setting, int(given.get(setting)), setting)
    return Derivation((tuple(made),))


def _image_axes(given: Given) -> tuple[Axis, ...]:
    roles = ["channels", "height", "width"]
    if not given.channels_first:
        roles = [*roles[1:], roles[0]]
    return kept(given.shape, roles if len(given.shape) == 3 else ["batch", *roles])


# ---------------------------------------------------------------------------------------------
# Categories


def _category_encoding(given: Given) -> Derivation:
    categories = _at_least_one(given, "num_tokens")
    shape = given.shape
    if given.get("output_mode") == "one_hot":
        return _one_hot(shape, categories)
    return Derivation(((*kept(shape[:-1]), categories),))


def _hashing(given: Given) -> Derivation:
    bins = _at_least_one(given, "num_bins")
    if given.get("output_mode", "int") == "int":
        return same(given)
    return Derivation(((*kept(given.shape[:-1]), bins),))


def _hashed_crossing(given: Given) -> Derivation:
    bins = _at_least_one(given, "num_bins")
    found = len(given.inputs)
    if found != 2:
        raise DoesNotFitError(
            _("It crosses exactly 2 inputs, but got {found}.").format(found=found),
            f"{found} ≠ 2",
        )
    one, other = given.inputs
    if one[-1] != other[-1]:
        raise DoesNotFitError(
            _("It crosses inputs of the same shape, but {one} and {other} differ.").format(
                one=one, other=other
            ),
            f"{one[-1]} ≠ {other[-1]}",
        )
    if given.get("output_mode", "int") == "int":
        return same(given)
    return _one_hot(one, bins)


def _at_least_one(given: Given, setting: str) -> Axis:
    """Returns an axis of as many categories as a setting says."""
    count = given.get(setting)
    if not isinstance(count, int) or count < 1:
        raise DoesNotFitError(
            _("It needs at least 1 category: {setting} is {count}.").format(
                setting=setting, count=count
            )
        )
    return axis("features", count, setting)


def _one_hot(shape: Shape, categories: Axis) -> Derivation:
    """Each number becomes an axis of categories; the axis of a single number goes."""
    single = len(shape) > 1 and shape[-1] == 1
    return Derivation(((*kept(shape[:-1] if single else shape), categories),))


def _discretization(given: Given) -> Derivation:
    if given.get("output_mode", "int") != "int":
        raise NoRuleError(given.kind)  # the shape differs between versions of Keras
    return same(given)


# ---------------------------------------------------------------------------------------------
# Vocabularies


def _lookup(given: Given) -> Derivation:
    unknown = int(given.get("num_oov_indices", 1))
    if unknown < 0:
        raise DoesNotFitError(
            _("num_oov_indices must be 0 or more, not {n}.").format(n=unknown),
            f"{written(unknown)} < 0",
        )
    words = _vocabulary(given, given.get("mask_token"), unknown)
    if given.get("output_mode", "int") == "int":
        return same(given)
    if given.get("invert"):
        raise DoesNotFitError(_("invert=True needs output_mode='int'."))
    return _by_words(given, given.shape, words)


def _text_vectorization(given: Given) -> Derivation:
    if given.get("ragged"):
        raise NoRuleError("ragged")
    words = _vocabulary(given, "", 1)
    length = given.get("output_sequence_length")
    if given.get("output_mode", "int") == "int":
        steps = axis("steps", length, "" if length is None else "output_sequence_length")
        return Derivation(((batch(given), steps),))
    if length is not None:
        raise DoesNotFitError(_("output_sequence_length needs output_mode='int'."))
    shape = given.shape
    if given.get("split", "whitespace") is not None:
        shape = (*shape, None)  # as many words as the text has
    elif len(shape) == 1:
        shape = (*shape, 1)
    return _by_words(given, shape, words)


def _by_words(given: Given, shape: Shape, words: Axis | None) -> Derivation:
    """Each example becomes an axis of all words."""
    several = len(shape) == 2 and shape[-1] != 1
    if given.get("output_mode") == "one_hot":
        alike = len(shape) <= 2 and not several
    else:
        alike = len(shape) == 2
    if words is None or not alike:  # versions of Keras differ in the other shapes
        raise NoRuleError(given.kind)
    return Derivation(((*kept(shape[:1]), words),))


def _vocabulary(given: Given, mask: object, unknown: int) -> Axis | None:
    """Returns the axis of all words; nothing where they are learnt, or read from a file."""
    most, words = given.get("max_tokens"), given.get("vocabulary")
    padded = given.get("pad_to_max_tokens")
    if padded and most is None:
        raise DoesNotFitError(_("pad_to_max_tokens needs max_tokens."))
    if most is not None and most < 2:
        raise DoesNotFitError(_("It needs at least 2 tokens, not {n}.").format(n=most))
    size = _words(given, words, mask, unknown) if isinstance(words, tuple) else None
    if size and size.value is not None and most is not None and size.value > most:
        raise DoesNotFitError(
            _("Its vocabulary has {n} tokens, more than max_tokens: {most}.").format(
                n=size.value, most=most
            ),
            f"{size.value} > {most}",
        )
    if padded:
        return axis("features", most, "max_tokens")
    return axis("features", size, "" if size.sign else "vocabulary") if size else None


def _words(given: Given, words: tuple[object, ...], mask: object, unknown: int) -> Term:
    """Counts the words and the special ones before them, which may be listed with them."""
    if given.get("output_mode") == "tf_idf" and given.get("idf_weights") is None:
        raise DoesNotFitError(_("output_mode='tf_idf' needs idf_weights."))
    special = [given.get("oov_token", "[UNK]")] * unknown
    if mask is not None and given.get("output_mode", "int") == "int":
        special = [mask, *special]
    if not special:
        return number(len(words), "v")
    listed = len(special) if list(words[: len(special)]) == special else 0
    return number(len(words) - listed, "v") + len(special)


# ---------------------------------------------------------------------------------------------
# Sound


def _mel_spectrogram(given: Given) -> Derivation:
    expect_rank(given, 1, at_least=True)
    length, reach = given.get("fft_length", 2048), given.get("sequence_length")
    if reach is not None and reach > length:
        raise DoesNotFitError(
            _("A window of {k} does not fit into fft_length {n}.").format(k=reach, n=length),
            f"{reach} > {length}",
        )
    *before, samples = given.shape[:2]
    stride = number(given.get("sequence_stride", 512), "s")
    steps = floor((number(samples, "n") + stride + 1) / stride)
    bands = axis("features", int(given.get("num_mel_bins", 128)), "num_mel_bins")
    return Derivation(((*kept(tuple(before)), bands, axis("steps", steps)),))


def _stft_spectrogram(given: Given) -> Derivation:
    """A convolution with waves as its kernels, for each channel by itself."""
    expect_rank(given, 3)
    frame, stride, length = _frames(given)
    samples, channels = given.shape[1:] if not given.channels_first else given.shape[:0:-1]
    if channels is None:
        raise DoesNotFitError(
            _("It needs a fixed number of channels: {shape}.").format(shape=given.shape)
        )
    steps = axis("steps", _steps(given, samples, frame, stride))
    bands = floor(number(length) / 2) + 1
    kernel = (number(frame, "k"), number(1), bands)
    uses = steps.size * number(channels, "c")
    mode = given.get("mode", "log")
    weights = tuple(
        WeightSize(f"{part}_kernel", kernel, uses)
        for part, other in (("real", "imag"), ("imag", "real"))
        if mode != other
    )
    made = 2 * bands if mode == "stft" else bands
    return Derivation(((batch(given), *_spectra(given, steps, made, channels)),), weights)


def _frames(given: Given) -> tuple[int, int, int]:
    """Returns the length of a frame, the step from one to the next, and that of the waves."""
    frame = int(given.get("frame_length", 256))
    stride = given.get("frame_step")
    stride = frame // 2 if stride is None else int(stride)
    if not 1 <= stride <= frame:
        raise DoesNotFitError(
            _("frame_step must be from 1 to {frame}, not {stride}.").format(
                frame=frame, stride=stride
            )
        )
    # By default the next power of two.
    length = given.get("fft_length") or 1 << (frame - 1).bit_length()
    if length < frame:
        raise DoesNotFitError(
            _("A frame of {k} does not fit into fft_length {n}.").format(k=frame, n=length),
            f"{frame} > {length}",
        )
    return frame, stride, int(length)


def _steps(given: Given, samples: int | None, frame: int, stride: int) -> Term:
    steps = window_size(samples, frame, stride, padding=str(given.get("padding", "valid")))
    if steps.value is not None and steps.value < 1:
        raise DoesNotFitError(
            _("A frame of {k} does not fit into {n} samples.").format(k=frame, n=samples),
            equation(steps),
        )
    return steps


def _spectra(given: Given, steps: Axis, bands: Term, channels: int) -> tuple[Axis, ...]:
    if not given.get("expand_dims"):
        features = axis("features", bands * number(channels, "c"))
        return (features, steps) if given.channels_first else (steps, features)
    features, beside = axis("features", bands), axis("channels", channels, "input")
    if given.channels_first:
        return beside, steps, features
    return steps, features, beside


# ---------------------------------------------------------------------------------------------

_SIZE = ("height", "width")
_VOCABULARY = ("output_mode", "max_tokens", "pad_to_max_tokens", "num_oov_indices")

RULES = (
    Rule("Resizing", _image_of_size, _PAGES + "image_preprocessing/resizing/", _SIZE, "axes"),
    Rule(
        "CenterCrop", _image_of_size, _PAGES + "image_preprocessing/center_crop/", _SIZE, "axes"
    ),
    Rule(
        "RandomCrop", _image_of_size, _PAGES + "image_augmentation/random_crop/", _SIZE, "axes"
    ),
    Rule(
        "CategoryEncoding",
        _category_encoding,
        _PAGES + "categorical/category_encoding/",
        ("num_tokens", "output_mode"),
    ),
    Rule("Hashing", _hashing, _PAGES + "categorical/hashing/", ("num_bins", "output_mode")),
    Rule(
        "HashedCrossing",
        _hashed_crossing,
        _PAGES + "categorical/hashed_crossing/",
        ("num_bins", "output_mode"),
    ),
    Rule("Discretization", _discretization, _PAGES + "numerical/discretization/"),
    Rule("IntegerLookup", _lookup, _PAGES + "categorical/integer_lookup/", _VOCABULARY),
    Rule("StringLookup", _lookup, _PAGES + "categorical/string_lookup/", _VOCABULARY),
    Rule(
        "TextVectorization",
        _text_vectorization,
        _PAGES + "text/text_vectorization/",
        ("output_mode", "output_sequence_length", "max_tokens", "pad_to_max_tokens"),
    ),
    Rule(
        "MelSpectrogram",
        _mel_spectrogram,
        _PAGES + "audio_preprocessing/mel_spectrogram/",
        ("num_mel_bins", "sequence_stride"),
        "axes",
    ),
    Rule(
        "STFTSpectrogram",
        _stft_spectrogram,
        _PAGES + "audio_preprocessing/",
        ("frame_length", "frame_step", "fft_length", "mode", "padding", "expand_dims"),
        "window",
    ),
)
