"""Shape rules for preprocessing: resized images, encoded categories, vocabularies, spectra."""

from kfunc_lab.locale import _
from kfunc_lab.shapes.rules.arithmetic import Term, equation, floor, number, number_text
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


def _image_of_size(call: Given) -> Derivation:
    """Derives a layer that returns images of a fixed size."""
    rank = len(call.shape)
    if rank not in (3, 4):
        raise DoesNotFitError(
            _(
                "It expects one image (3 dimensions) or a batch of images (4 dimensions), but "
                "got {shape}."
            ).format(shape=call.shape)
        )
    if len(call.inputs) > 1:  # with labels or boxes, only the layer itself knows the shapes
        raise NoRuleError(call.kind)
    first = rank - 2 if call.channels_first else rank - 3
    axes = list(_image_axes(call))
    for place, setting in enumerate(("height", "width"), first):
        axes[place] = axis(setting, int(call.get(setting)), setting)
    return Derivation((tuple(axes),))


def _image_axes(call: Given) -> tuple[Axis, ...]:
    roles = ["channels", "height", "width"]
    if not call.channels_first:
        roles = [*roles[1:], roles[0]]
    return kept(call.shape, roles if len(call.shape) == 3 else ["batch", *roles])


# ---------------------------------------------------------------------------------------------
# Categories


def _category_encoding(call: Given) -> Derivation:
    categories = _at_least_one(call, "num_tokens")
    shape = call.shape
    if call.get("output_mode") == "one_hot":
        return _one_hot(shape, categories)
    return Derivation(((*kept(shape[:-1]), categories),))


def _hashing(call: Given) -> Derivation:
    bins = _at_least_one(call, "num_bins")
    if call.get("output_mode", "int") == "int":
        return same(call)
    return Derivation(((*kept(call.shape[:-1]), bins),))


def _hashed_crossing(call: Given) -> Derivation:
    bins = _at_least_one(call, "num_bins")
    count = len(call.inputs)
    if count != 2:
        raise DoesNotFitError(
            _("It crosses exactly 2 inputs, but got {found}.").format(found=count),
            f"{count} ≠ 2",
        )
    one, other = call.inputs
    if one[-1] != other[-1]:
        raise DoesNotFitError(
            _("It crosses inputs of the same shape, but {one} and {other} differ.").format(
                one=one, other=other
            ),
            f"{one[-1]} ≠ {other[-1]}",
        )
    if call.get("output_mode", "int") == "int":
        return same(call)
    return _one_hot(one, bins)


def _at_least_one(call: Given, setting: str) -> Axis:
    """Returns an axis whose size is a setting that must be at least 1."""
    count = call.get(setting)
    if not isinstance(count, int) or count < 1:
        raise DoesNotFitError(
            _("It needs at least 1 category: {setting} is {count}.").format(
                setting=setting, count=count
            )
        )
    return axis("features", count, setting)


def _one_hot(shape: Shape, categories: Axis) -> Derivation:
    """Derives a one-hot encoding: it appends an axis of categories and drops one of size 1."""
    single = len(shape) > 1 and shape[-1] == 1
    return Derivation(((*kept(shape[:-1] if single else shape), categories),))


def _discretization(call: Given) -> Derivation:
    if call.get("output_mode", "int") != "int":
        raise NoRuleError(call.kind)  # the shape differs between versions of Keras
    return same(call)


# ---------------------------------------------------------------------------------------------
# Vocabularies


def _lookup(call: Given) -> Derivation:
    unknown = int(call.get("num_oov_indices", 1))
    if unknown < 0:
        raise DoesNotFitError(
            _("num_oov_indices must be 0 or more, not {n}.").format(n=unknown),
            f"{number_text(unknown)} < 0",
        )
    words = _vocabulary(call, call.get("mask_token"), unknown)
    if call.get("output_mode", "int") == "int":
        return same(call)
    if call.get("invert"):
        raise DoesNotFitError(_("invert=True needs output_mode='int'."))
    return _by_words(call, call.shape, words)


def _text_vectorization(call: Given) -> Derivation:
    if call.get("ragged"):
        raise NoRuleError("ragged")
    words = _vocabulary(call, "", 1)
    length = call.get("output_sequence_length")
    if call.get("output_mode", "int") == "int":
        steps = axis("steps", length, "" if length is None else "output_sequence_length")
        return Derivation(((batch(call), steps),))
    if length is not None:
        raise DoesNotFitError(_("output_sequence_length needs output_mode='int'."))
    shape = call.shape
    if call.get("split", "whitespace") is not None:
        shape = (*shape, None)  # as many words as the text has
    elif len(shape) == 1:
        shape = (*shape, 1)
    return _by_words(call, shape, words)


def _by_words(call: Given, shape: Shape, words: Axis | None) -> Derivation:
    """Derives an output with one axis for the whole vocabulary per example."""
    several = len(shape) == 2 and shape[-1] != 1
    if call.get("output_mode") == "one_hot":
        alike = len(shape) <= 2 and not several
    else:
        alike = len(shape) == 2
    if words is None or not alike:  # versions of Keras differ for other shapes
        raise NoRuleError(call.kind)
    return Derivation(((*kept(shape[:1]), words),))


def _vocabulary(call: Given, mask: object, unknown: int) -> Axis | None:
    """Returns the vocabulary axis; `None` if the words are learned or read from a file."""
    most, words = call.get("max_tokens"), call.get("vocabulary")
    padded = call.get("pad_to_max_tokens")
    if padded and most is None:
        raise DoesNotFitError(_("pad_to_max_tokens needs max_tokens."))
    if most is not None and most < 2:
        raise DoesNotFitError(_("It needs at least 2 tokens, not {n}.").format(n=most))
    size = _words(call, words, mask, unknown) if isinstance(words, tuple) else None
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


def _words(call: Given, words: tuple[object, ...], mask: object, unknown: int) -> Term:
    """Counts the words and the special tokens, which the vocabulary may already contain."""
    if call.get("output_mode") == "tf_idf" and call.get("idf_weights") is None:
        raise DoesNotFitError(_("output_mode='tf_idf' needs idf_weights."))
    special = [call.get("oov_token", "[UNK]")] * unknown
    if mask is not None and call.get("output_mode", "int") == "int":
        special = [mask, *special]
    if not special:
        return number(len(words), "v")
    listed = len(special) if list(words[: len(special)]) == special else 0
    return number(len(words) - listed, "v") + len(special)


# ---------------------------------------------------------------------------------------------
# Sound


def _mel_spectrogram(call: Given) -> Derivation:
    expect_rank(call, 1, at_least=True)
    length, reach = call.get("fft_length", 2048), call.get("sequence_length")
    if reach is not None and reach > length:
        raise DoesNotFitError(
            _("A window of {k} does not fit into fft_length {n}.").format(k=reach, n=length),
            f"{reach} > {length}",
        )
    *before, samples = call.shape[:2]
    stride = number(call.get("sequence_stride", 512), "s")
    steps = floor((number(samples, "n") + stride + 1) / stride)
    bands = axis("features", int(call.get("num_mel_bins", 128)), "num_mel_bins")
    return Derivation(((*kept(tuple(before)), bands, axis("steps", steps)),))


def _stft_spectrogram(call: Given) -> Derivation:
    """Derives an STFT spectrogram: it convolves each channel separately with sine waves."""
    expect_rank(call, 3)
    frame, stride, length = _frames(call)
    samples, channels = call.shape[1:] if not call.channels_first else call.shape[:0:-1]
    if channels is None:
        raise DoesNotFitError(
            _("It needs a fixed number of channels: {shape}.").format(shape=call.shape)
        )
    steps = axis("steps", _steps(call, samples, frame, stride))
    bands = floor(number(length) / 2) + 1
    kernel = (number(frame, "k"), number(1), bands)
    uses = steps.size * number(channels, "c")
    mode = call.get("mode", "log")
    weights = tuple(
        WeightSize(f"{part}_kernel", kernel, uses)
        for part, other in (("real", "imag"), ("imag", "real"))
        if mode != other
    )
    channels_out = 2 * bands if mode == "stft" else bands
    return Derivation(((batch(call), *_spectra(call, steps, channels_out, channels)),), weights)


def _frames(call: Given) -> tuple[int, int, int]:
    """Returns the length of a frame, the step between frames, and the length of the waves."""
    frame = int(call.get("frame_length", 256))
    stride = call.get("frame_step")
    stride = frame // 2 if stride is None else int(stride)
    if not 1 <= stride <= frame:
        raise DoesNotFitError(
            _("frame_step must be from 1 to {frame}, not {stride}.").format(
                frame=frame, stride=stride
            )
        )
    # The default is the next power of two.
    length = call.get("fft_length") or 1 << (frame - 1).bit_length()
    if length < frame:
        raise DoesNotFitError(
            _("A frame of {k} does not fit into fft_length {n}.").format(k=frame, n=length),
            f"{frame} > {length}",
        )
    return frame, stride, int(length)


def _steps(call: Given, samples: int | None, frame: int, stride: int) -> Term:
    steps = window_size(samples, frame, stride, padding=str(call.get("padding", "valid")))
    if steps.value is not None and steps.value < 1:
        raise DoesNotFitError(
            _("A frame of {k} does not fit into {n} samples.").format(k=frame, n=samples),
            equation(steps),
        )
    return steps


def _spectra(call: Given, steps: Axis, bands: Term, channels: int) -> tuple[Axis, ...]:
    if not call.get("expand_dims"):
        features = axis("features", bands * number(channels, "c"))
        return (features, steps) if call.channels_first else (steps, features)
    features, beside = axis("features", bands), axis("channels", channels, "input")
    if call.channels_first:
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
