"""What preprocessing layers learned from data, which is neither a setting nor a trained weight."""

from typing import Any


def adapted_state(layer: Any) -> list[tuple[str, Any]]:
    """Returns what a layer learned in `adapt`.

    Args:
        layer: Any layer.

    Returns:
        The methods that give it to another layer, in order, each with the tuple of its
        arguments; empty for most layers.
    """
    import keras

    if not hasattr(layer, "adapt"):
        return []
    if hasattr(layer, "set_vocabulary"):
        return _vocabulary(layer) if layer.get_config().get("vocabulary") is None else []
    if isinstance(layer, keras.layers.Normalization) and layer.built and layer.weights:
        shape = layer.get_build_config()["input_shape"]
        state: dict[str, Any] = {}
        layer.save_own_variables(state)
        values = {key: keras.ops.convert_to_numpy(value) for key, value in state.items()}
        return [("build", (tuple(shape),)), ("load_own_variables", (values,))]
    return []


def _vocabulary(layer: Any) -> list[tuple[str, Any]]:
    lookup = getattr(layer, "_lookup_layer", layer)  # TextVectorization holds a lookup
    words = [_plain(word) for word in layer.get_vocabulary(include_special_tokens=False)]
    if not words:
        return []
    if getattr(lookup, "output_mode", "") != "tf_idf":
        return [("set_vocabulary", (words,))]
    special = len(layer.get_vocabulary()) - len(words)
    weights = lookup.idf_weights.numpy()[special : special + len(words)]
    return [("set_vocabulary", (words, weights))]


def _plain(word: Any) -> Any:
    return word.item() if hasattr(word, "item") else word
