"""Sees each call of a model's layers while one forward pass runs, and leaves no trace of it."""

import contextlib
import functools
import random
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kfunc_lab.graph.keras_nodes import operations_within

# Gets the operation, its own `call`, and what that is called on; returns what the call returns.
Around = Callable[[Any, Callable[..., Any], Sequence[Any], dict[str, Any]], Any]

_ABSENT = object()


@contextlib.contextmanager
def intercepted(model: Any, around: Around) -> Iterator[None]:
    """Has each call of a layer or operation of a model run by a function, in this thread.

    Args:
        model: The model or layer; those inside it are seen too.
        around: What runs in the place of each call. It has to call what it is given.

    Yields:
        Nothing. Afterwards the layers are as they were, whatever happened.
    """
    thread = threading.get_ident()
    replaced: list[tuple[Any, str, Any]] = []
    try:
        for operation in operations_within(model):
            name = _method_of(operation)
            replaced.append((operation, name, vars(operation).get(name, _ABSENT)))
            wrapped = _wrapped(operation, getattr(operation, name), around, thread)
            # Past Keras's own `__setattr__`, which keeps a list of what a layer holds.
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
    operation: Any, original: Callable[..., Any], around: Around, thread: int
) -> Callable[..., Any]:
    # Keras reads the signature, for its messages: `wraps` keeps it.
    @functools.wraps(original)
    def call(*args: Any, **named: Any) -> Any:
        __tracebackhide__ = True  # IPython leaves such frames out of tracebacks
        if threading.get_ident() != thread:
            return original(*args, **named)
        return around(operation, original, args, named)

    return call


@contextlib.contextmanager
def without_trace(model: Any) -> Iterator[Any]:
    """Lets a model be called so that nothing stays changed: no variable, seed or attribute.

    Args:
        model: The model or layer that is called.

    Yields:
        Keras's scope, which holds the new values of variables meanwhile. Afterwards all is as
        it was, whatever happened.
    """
    import keras

    attributes = [(it, _own_attributes(it)) for it in operations_within(model)]
    # The variables take no new values in it: moving averages, states, counters, seeds.
    with _random_states_kept(), keras.StatelessScope() as scope:
        try:
            yield scope
        finally:
            for operation, before in attributes:
                _put_back(operation, before)


def _own_attributes(operation: Any) -> dict[str, Any]:
    """Returns what a layer of the user's own may change in its call, as `self.scores = …`."""
    if type(operation).__module__.partition(".")[0] == "keras":
        return {}
    return {name: it for name, it in vars(operation).items() if not name.startswith("_")}


def _put_back(operation: Any, before: dict[str, Any]) -> None:
    if not before:
        return
    now = {name: it for name, it in vars(operation).items() if not name.startswith("_")}
    for name, value in now.items():
        if name not in before and operation.built and not _is_part(value):
            vars(operation).pop(name)
        elif name in before and value is not before[name]:
            object.__setattr__(operation, name, before[name])


def _is_part(value: Any) -> bool:
    """Tells whether Keras keeps a list of such values too, as of layers and variables."""
    import keras

    return isinstance(value, (keras.layers.Layer, keras.Variable))


@contextlib.contextmanager
def _random_states_kept() -> Iterator[None]:
    python, numpy = random.getstate(), np.random.get_state()
    # What TensorFlow draws the seeds of `tf.random` from, after `tf.random.set_seed`. It draws
    # from another one meanwhile: a seed that is drawn twice goes on where it was left.
    module = sys.modules.get("tensorflow.python.eager.context")
    context: Any = module.context() if module is not None else None
    tensorflow = getattr(context, "_rng", None)
    if tensorflow is not None:
        context._rng = random.Random(0)  # noqa: S311 - nothing secret hangs on it
    try:
        yield
    finally:
        random.setstate(python)
        np.random.set_state(numpy)
        if tensorflow is not None:
            context._rng = tensorflow
