"""Intercepts the calls of a model's layers during one forward pass, and restores the model."""

import contextlib
import functools
import operator
import random
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.nodes import (
    layers_within,
    operations_within,
    preserve_name_counters,
)
from kfunc_lab.graph.model.memory import no_garbage_collection

# Takes an operation, its own `call`, and the arguments; returns what the call returns.
Runner = Callable[[Any, Callable[..., Any], Sequence[Any], dict[str, Any]], Any]

_ABSENT = object()


@contextlib.contextmanager
def intercept_calls(model: Any, runner: Runner) -> Iterator[None]:
    """Runs each call of a model's layers and operations through a function, in this thread.

    Args:
        model: The model or layer; the layers inside it are intercepted too.
        runner: Runs in place of each call, and must make the call itself.

    Yields:
        Nothing. Afterwards the layers are restored, whatever happened.
    """
    thread = threading.get_ident()
    replaced: list[tuple[Any, str, Any]] = []
    try:
        with no_garbage_collection():
            for operation in operations_within(model):
                name = _method_of(operation)
                replaced.append((operation, name, vars(operation).get(name, _ABSENT)))
                wrapped = _wrapped(operation, getattr(operation, name), runner, thread)
                # Bypasses Keras's own `__setattr__`, which tracks a layer's attributes.
                object.__setattr__(operation, name, wrapped)
        yield
    finally:
        for operation, name, before in replaced:
            if before is _ABSENT:
                vars(operation).pop(name, None)
            else:
                object.__setattr__(operation, name, before)


def _method_of(operation: Any) -> str:
    return "quantized_call" if getattr(operation, "quantization_mode", None) else "call"


def _wrapped(
    operation: Any, original: Callable[..., Any], runner: Runner, thread: int
) -> Callable[..., Any]:
    # Keras reads the signature for its messages: `wraps` preserves it.
    @functools.wraps(original)
    def call(*args: Any, **named: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves such frames out of tracebacks
        if threading.get_ident() != thread:
            return original(*args, **named)
        is_compiled = hasattr(original, "get_concrete_function") or is_tracing()
        run = _outside_scope(original) if is_compiled else original
        return runner(operation, run, args, named)

    return call


@contextlib.contextmanager
def unchanged(model: Any) -> Iterator[Any]:
    """Leaves a model unchanged when it is called: its variables, seeds and attributes.

    Args:
        model: The model or layer to call.

    Yields:
        Keras's scope, which holds the new values of variables meanwhile. Afterwards the model is
        restored, whatever happened.
    """
    import keras

    operations = operations_within(model)
    with no_garbage_collection():
        attributes = [
            (operation, getattr(operation, "built", True), _copy_attributes(vars(operation)))
            for operation in operations
        ]
    # Inside it, variables do not change: moving averages, states, counters, seeds.
    scope = keras.StatelessScope()
    outer, current = getattr(_passes, "current", None), _Pass(model, scope)
    _passes.current = current
    try:
        with (
            _preserve_random_states(),
            _preserve_torch_modules(operations),
            preserve_name_counters(),
            scope,
        ):
            yield scope
    finally:
        _passes.current = outer
        for operation, was_built, before in attributes:
            # A layer keeps the attributes that it creates in its first call.
            if was_built or not getattr(operation, "built", True):
                _restore_attributes(vars(operation), before)
        current.restore_states()


class _Pass:
    """A forward pass that leaves its model unchanged.

    Attributes:
        scope: Keras's scope.
    """

    def __init__(self, model: Any, scope: Any) -> None:
        self.scope = scope
        self._model = model
        self._states: list[tuple[Any, Any]] | None = None

    def save_states(self) -> None:
        """Saves the variables that compiled functions may change, as they ignore the scope."""
        if self._states is None:
            self._states = [
                (variable, variable.numpy())
                for variable in _states_of(self._model)
                if np.prod(variable.shape) * 4 <= _MAX_STATE_SIZE
            ]

    def restore_states(self) -> None:
        """Restores the variables that compiled functions changed."""
        for variable, value in self._states or ():
            if not np.array_equal(variable.numpy(), value, equal_nan=value.dtype.kind == "f"):
                variable.assign(value)


def _states_of(model: Any) -> list[Any]:
    """Returns the variables that a call may change; a stateful layer does not list its own."""
    import keras

    stateful = [it for it in layers_within(model) if getattr(it, "stateful", False)]
    states = keras.tree.flatten([getattr(layer, "states", None) for layer in stateful])
    own = [state for state in states if isinstance(state, keras.Variable)]
    return [*getattr(model, "non_trainable_variables", ()), *own]


_passes = threading.local()  # `current` is the pass that runs in this thread

# Larger variables are weights, not states such as averages, counters and seeds.
_MAX_STATE_SIZE = 2**20  # bytes


# The attributes of an operation, and each that is a collection with a copy of its items.
_Attributes = tuple[dict[str, Any], list[tuple[Any, Any]]]


def _copy_attributes(attributes: dict[str, Any]) -> _Attributes:
    collections = [
        (value, _copy_items(value))
        for value in attributes.values()
        if isinstance(value, (list, dict, set))
    ]
    return dict(attributes), collections


def _copy_items(value: Any) -> Any:
    if isinstance(value, list):
        return list(value)
    return dict(value) if isinstance(value, dict) else set(value)


def _restore_attributes(attributes: dict[str, Any], before: _Attributes) -> None:
    values, collections = before
    # Writes into the dictionary itself, which bypasses Keras's own `__setattr__`.
    for name in set(attributes) - set(values):
        del attributes[name]
    attributes.update(values)
    for value, items in collections:
        if not _hold_same(value, items):
            _restore_items(value, items)


def _hold_same(one: Any, other: Any) -> bool:
    """Tells whether two collections hold the same objects, which need not be comparable."""
    if len(one) != len(other):
        return False
    if isinstance(one, dict):
        return all(key in other and other[key] is value for key, value in one.items())
    if isinstance(one, set):
        return set(map(id, one)) == set(map(id, other))
    return all(map(operator.is_, one, other))


def _restore_items(value: Any, items: Any) -> None:
    # Uses the methods of the plain types, because Keras's own collections track their items.
    if isinstance(value, list):
        list.__setitem__(value, slice(None), items)
    elif isinstance(value, dict):
        dict.clear(value)
        dict.update(value, items)
    else:
        set.clear(value)
        set.update(value, items)


def is_tracing() -> bool:
    """Tells whether TensorFlow is compiling a function, so that tensors have no numbers yet."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and not tensorflow.executing_eagerly()


def _outside_scope(call: Callable[..., Any]) -> Callable[..., Any]:
    """Runs a compiled function outside Keras's scope, so that its assignments stay its own."""

    @functools.wraps(call)
    def run(*args: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        current, _passes.current = getattr(_passes, "current", None), None
        if current is None:  # we have left the scope already
            return call(*args, **named)
        current.save_states()
        current.scope.__exit__(None, None, None)
        try:
            return call(*args, **named)
        finally:
            current.scope.__enter__()
            _passes.current = current

    return run


@contextlib.contextmanager
def _preserve_random_states() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    # After `tf.random.set_seed`, TensorFlow draws the seeds of `tf.random` from this generator.
    # Another one replaces it meanwhile: restoring its state instead would make it draw the same
    # seed twice, and TensorFlow would continue the sequence of that seed.
    module = sys.modules.get("tensorflow.python.eager.context")
    context: Any = module.context() if module is not None else None
    tensorflow = getattr(context, "_rng", None)
    if tensorflow is not None:
        context._rng = random.Random(0)  # noqa: S311 - nothing secret depends on it
    torch: Any = sys.modules.get("torch")
    has_torch = hasattr(torch, "get_rng_state")  # not while another thread imports it
    torch_state = torch.get_rng_state() if has_torch else None
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if tensorflow is not None:
            context._rng = tensorflow
        if has_torch:
            torch.set_rng_state(torch_state)


@contextlib.contextmanager
def _preserve_torch_modules(operations: Sequence[Any]) -> Iterator[None]:
    """Restores what the modules of PyTorch within layers change: averages, and their mode."""
    modules: dict[int, Any] = {}
    for operation in operations:
        if hasattr(operation, "named_buffers"):  # with PyTorch, a layer is such a module
            modules |= {id(module): module for module in operation.modules()}
    modes = [(module, module.training) for module in modules.values()]
    buffers = [
        (buffer, buffer.detach().clone())
        for module in modules.values()
        for buffer in module.buffers(recurse=False)
    ]
    try:
        yield
    finally:
        for module, mode in modes:
            object.__setattr__(module, "training", mode)
        for buffer, before in buffers:
            buffer.data.copy_(before)
