"""Finds mistakes in custom layers: what is lost when a model is saved and loaded."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kfunc_lab.graph.keras.nodes import layers_within
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.model.comparison import chosen_name
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.locale import _
from kfunc_lab.ui.text import printable

_COMMON_ARGUMENTS = {"name", "dtype", "trainable", "activity_regularizer", "autocast", "self"}


def custom_layers(case: Case) -> Iterator[tuple[Call, Any]]:
    """Yields the custom layers with their first calls."""
    import keras

    is_layer = isinstance(case.model, keras.layers.Layer)
    by_name: dict[tuple[str, str], Any] = {}
    for layer in layers_within(case.model) if is_layer else ():
        by_name.setdefault((layer.name, type(layer).__name__), layer)
    for call in case.calls:
        layer = by_name.get((call.layer, call.kind))
        if not call.library and call.id == call.layer_id and layer is not None:
            yield call, layer


def _configurations(case: Case) -> Iterator[Finding]:
    for call, layer in custom_layers(case):
        kind = printable(type(layer).__name__)
        try:
            config = layer.get_config()
        except Exception:
            yield _no_config(call, kind)
            continue
        if not isinstance(config, Mapping):
            yield _no_config(call, kind)
            continue
        missing = _missing_arguments(type(layer), config)
        refused = _refused_arguments(type(layer), config)
        if refused:
            yield _refusal(call, kind, refused)
        elif missing:
            yield Finding(
                "config-incomplete",
                call.id,
                _(
                    "The `get_config` of {kind} omits {names}, so a loaded model cannot "
                    "rebuild the layer as it was."
                ).format(kind=kind, names=", ".join(f"`{name}`" for name in missing)),
                _("Return them as well: `return {{**super().get_config(), {pairs}}}`.").format(
                    pairs=", ".join(f'"{name}": self.{name}' for name in missing)
                ),
                "certain" if _required(type(layer)) & set(missing) else "likely",
            )
        elif "name" not in config and (chosen_name(call) or "get_config" in vars(type(layer))):
            yield Finding(
                "config-loses-name",
                call.id,
                _(
                    "The configuration of {kind} does not include its name, so the layer is "
                    "no longer called {name} after loading."
                ).format(kind=kind, name=printable(call.layer)),
                _(
                    "Write a `get_config` that extends the one of the base class: `return "
                    '{**super().get_config(), ...}`, with the arguments and `"name": '
                    "self.name`."
                )
                if "get_config" not in vars(type(layer))
                else _(
                    "Extend the one of the base class: `return {**super().get_config(), ...}`."
                ),
                "certain",
            )


def _no_config(call: Call, kind: str) -> Finding:
    return Finding(
        "no-get-config",
        call.id,
        _(
            "{kind} has no working `get_config`, so a model that contains it cannot be saved "
            "and loaded."
        ).format(kind=kind),
        _(
            "Add `def get_config(self): return {**super().get_config(), ...}` with the "
            "constructor's arguments."
        ),
        "certain",
    )


def _refusal(call: Call, kind: str, refused: list[str]) -> Finding:
    return Finding(
        "config-refused",
        call.id,
        _(
            "The `get_config` of {kind} returns {names}, which its `__init__` does not take, so a "
            "model that contains it cannot be loaded."
        ).format(kind=kind, names=", ".join(f"`{name}`" for name in refused)),
        _(
            "Let the constructor take them: `def __init__(self, ..., **kwargs)` and "
            "`super().__init__(**kwargs)`."
        ),
        "certain",
    )


def _refused_arguments(cls: type, config: Mapping[str, Any]) -> list[str]:
    """Returns what `from_config` would pass to a constructor that does not take it."""
    if any("from_config" in vars(it) for it in cls.__mro__ if not _is_keras(it)):
        return []
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    if any(it.kind is inspect.Parameter.VAR_KEYWORD for it in parameters):
        return []
    taken = {parameter.name for parameter in parameters}
    return [name for name in config if name not in taken]


def _is_keras(cls: type) -> bool:
    return cls.__module__.partition(".")[0] in ("keras", "builtins")


def _missing_arguments(cls: type, config: Mapping[str, Any]) -> list[str]:
    return [name for name in _arguments(cls) if name not in config]


def _arguments(cls: type) -> list[str]:
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        parameter.name
        for parameter in parameters
        if parameter.kind in named and parameter.name not in _COMMON_ARGUMENTS
    ]


def _required(cls: type) -> set[str]:
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    return {
        parameter.name
        for parameter in parameters
        if parameter.default is inspect.Parameter.empty
    }


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_configurations,)
