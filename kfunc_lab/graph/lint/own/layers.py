"""Finds mistakes in custom layers: what is lost when a model is saved and loaded."""

import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from kfunc_lab.graph.keras.contents import is_installed
from kfunc_lab.graph.keras.nodes import layers_within
from kfunc_lab.graph.lint.finding import Case, Finding
from kfunc_lab.graph.lint.own.saving import configuration_of, differs, loaded, saved_layers
from kfunc_lab.graph.model.comparison import chosen_name
from kfunc_lab.graph.model.layer_graph import Call, Group
from kfunc_lab.locale import _
from kfunc_lab.ui.text import first_sentences, printable

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


def is_foreign(layer: Any) -> bool:
    """Tells whether the class of a layer or model comes with a package other than Keras."""
    return type(layer).__module__.partition(".")[0] != "keras" and is_installed(type(layer))


def foreign_calls(case: Case) -> set[str]:
    """Returns the ids of the calls inside layers whose class comes with an installed package."""
    import keras

    if not isinstance(case.model, keras.layers.Layer):
        return set()
    names = {(it.name, type(it).__name__) for it in layers_within(case.model) if is_foreign(it)}
    items: list[Call | Group] = [*case.graph.groups, *case.graph.calls]
    holders = [item.id for item in items if (item.layer, item.kind) in names]
    inside = case.graph.calls_inside
    return {call_id for holder in holders for call_id in inside.get(holder, ())}


def _configurations(case: Case) -> Iterator[Finding]:
    """Saves and loads the custom layers that have to be built from their configuration."""
    own = list(custom_layers(case))
    saved = {id(layer) for layer in saved_layers(case.model)} if own else set()
    for call, layer in own:
        if id(layer) in saved:
            yield from _configuration(case, call, layer)


def _configuration(case: Case, call: Call, layer: Any) -> Iterator[Finding]:
    cls, kind = type(layer), printable(type(layer).__name__)
    config = configuration_of(layer)
    if config is None:
        yield _no_config(call, cls)
        return
    again = loaded(layer, case.model)
    is_loaded = isinstance(again, cls)
    missing = _missing_arguments(cls, config)
    refused = [] if is_loaded else _refused_arguments(cls, config)
    if refused:
        yield _refusal(call, cls, refused)
    elif missing and (is_loaded or again is None or _required(cls) & set(missing)):
        yield _incomplete(call, layer, missing, again if is_loaded else None)
    elif isinstance(again, TypeError):
        yield _not_rebuilt(call, cls, again)
    elif "name" not in config and (chosen_name(call) or "get_config" in vars(cls)):
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
            if "get_config" not in vars(cls)
            else _("Extend the one of the base class: `return {**super().get_config(), ...}`."),
            "certain",
        )


def _incomplete(call: Call, layer: Any, missing: list[str], again: Any) -> Finding:
    """Reports omitted arguments: certainly a mistake only if the loaded layer differs."""
    cls = type(layer)
    names = {
        "kind": printable(cls.__name__),
        "names": ", ".join(f"`{name}`" for name in missing),
    }
    is_lost = _required(cls) & set(missing) if again is None else differs(layer, again, missing)
    if is_lost:
        reason, sureness = (
            _(
                "The `get_config` of {kind} omits {names}, so a loaded model cannot "
                "rebuild the layer as it was."
            ),
            "certain",
        )
    else:
        reason, sureness = (
            _(
                "The `get_config` of {kind} omits {names}, so a loaded layer gets the defaults, "
                "whatever this one was given."
            ),
            "possible",
        )
    pairs = ", ".join(f'"{name}": self.{name}' for name in missing)
    change = (
        _way_around(cls)
        if is_installed(cls)
        else _("Return them as well: `return {{**super().get_config(), {pairs}}}`.").format(
            pairs=pairs
        )
    )
    return Finding("config-incomplete", call.id, reason.format(**names), change, sureness)


def _way_around(cls: type) -> str:
    """Tells what to do about a class that the user cannot change."""
    return _(
        "{kind} comes with the package {package}: keep the weights with `model.save_weights`, and "
        "build the model in code before `load_weights`."
    ).format(kind=printable(cls.__name__), package=cls.__module__.partition(".")[0])


def _not_rebuilt(call: Call, cls: type, error: TypeError) -> Finding:
    # Keras puts what the class says at the end of a longer message.
    reason = str(error).rpartition("Exception encountered: ")[2]
    return Finding(
        "config-refused",
        call.id,
        _(
            "{kind} cannot be built from what its `get_config` returns, so a model that contains "
            "it cannot be loaded: {error}"
        ).format(kind=printable(cls.__name__), error=first_sentences(reason, 1)),
        _("Let `get_config` return what `__init__` takes, or write a `from_config`.")
        if not is_installed(cls)
        else _way_around(cls),
        "certain",
    )


def _no_config(call: Call, cls: type) -> Finding:
    return Finding(
        "no-get-config",
        call.id,
        _(
            "{kind} has no working `get_config`, so a model that contains it cannot be saved "
            "and loaded."
        ).format(kind=printable(cls.__name__)),
        _(
            "Add `def get_config(self): return {**super().get_config(), ...}` with the "
            "constructor's arguments."
        )
        if not is_installed(cls)
        else _way_around(cls),
        "certain",
    )


def _refusal(call: Call, cls: type, refused: list[str]) -> Finding:
    return Finding(
        "config-refused",
        call.id,
        _(
            "The `get_config` of {kind} returns {names}, which its `__init__` does not take, so a "
            "model that contains it cannot be loaded."
        ).format(
            kind=printable(cls.__name__), names=", ".join(f"`{name}`" for name in refused)
        ),
        _(
            "Let the constructor take them: `def __init__(self, ..., **kwargs)` and "
            "`super().__init__(**kwargs)`."
        )
        if not is_installed(cls)
        else _way_around(cls),
        "certain",
    )


def _refused_arguments(cls: type, config: Mapping[str, Any]) -> list[str]:
    """Returns what `from_config` would pass to a constructor that does not take it."""
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    if any(it.kind is inspect.Parameter.VAR_KEYWORD for it in parameters):
        return []
    taken = {parameter.name for parameter in parameters}
    return [name for name in config if name not in taken]


def _missing_arguments(cls: type, config: Mapping[str, Any]) -> list[str]:
    """Returns the arguments of a user's constructor that a configuration omits."""
    author = next(it for it in cls.__mro__ if "__init__" in vars(it))
    if author.__module__.partition(".")[0] == "keras":
        return []  # what Keras omits can be omitted
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return [
        parameter.name
        for parameter in parameters
        if parameter.kind in named and parameter.name not in {*_COMMON_ARGUMENTS, *config}
    ]


def _required(cls: type) -> set[str]:
    parameters = inspect.signature(cls.__init__).parameters.values()  # type: ignore[misc]
    return {
        parameter.name
        for parameter in parameters
        if parameter.default is inspect.Parameter.empty
    }


RULES: tuple[Callable[[Case], Iterator[Finding]], ...] = (_configurations,)
