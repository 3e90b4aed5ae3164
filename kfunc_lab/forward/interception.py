"""Sees each call of a model's layers while one forward pass runs, and leaves no trace of it."""

import contextlib
import functools
import random
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from kfunc_lab.graph.keras.nodes import operations_within, preserve_name_counters

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
        is_compiled = hasattr(original, "get_concrete_function") or is_tracing()
        run = _past_the_scope(original) if is_compiled else original
        return around(operation, run, args, named)

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

    operations = operations_within(model)
    attributes = [(it, getattr(it, "built", True), _copied(vars(it))) for it in operations]
    # The variables take no new values in it: moving averages, states, counters, seeds.
    scope = keras.StatelessScope()
    outer, now = getattr(_passes, "now", None), _Pass(model, scope)
    _passes.now = now
    try:
        with _random_states_kept(), preserve_name_counters(), scope:
            yield scope
    finally:
        _passes.now = outer
        for operation, was_built, before in attributes:
            # What a layer makes when it is first called, it keeps.
            if was_built or not getattr(operation, "built", True):
                _put_back(vars(operation), before)
        now.put_back()


class _Pass:
    """A forward pass that leaves no trace.

    Attributes:
        scope: Keras's scope.
    """

    def __init__(self, model: Any, scope: Any) -> None:
        self.scope = scope
        self._model = model
        self._states: list[tuple[Any, Any]] | None = None

    def note_states(self) -> None:
        """Notes what compiled functions may change, which know no scope."""
        if self._states is None:
            variables = getattr(self._model, "non_trainable_variables", [])
            small = [it for it in variables if np.prod(it.shape) * 4 <= _LARGEST_STATE]
            self._states = [(it, it.numpy()) for it in small]

    def put_back(self) -> None:
        """Puts back what compiled functions changed."""
        for variable, value in self._states or ():
            if not np.array_equal(variable.numpy(), value, equal_nan=value.dtype.kind == "f"):
                variable.assign(value)


_passes = threading.local()  # the pass that runs in this thread

# Only so small variables are states, as averages, counters and seeds: others are weights.
_LARGEST_STATE = 2**20  # bytes


def _copied(attributes: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Returns attributes, and of each that is a collection what is in it."""
    return {name: (it, _content(it)) for name, it in attributes.items()}


def _content(value: Any) -> Any:
    for kind in (list, dict, set):
        if isinstance(value, kind):
            return kind(value)
    return None


def _put_back(attributes: dict[str, Any], before: dict[str, tuple[Any, Any]]) -> None:
    # In the dictionary itself, past Keras's own `__setattr__`.
    for name in [it for it in attributes if it not in before]:
        del attributes[name]
    for name, (value, content) in before.items():
        attributes[name] = value
        if content is not None and not _same(_content(value), content):
            _refill(value, content)


def _same(one: Any, other: Any) -> bool:
    """Tells whether two collections hold the same things, which need not be comparable."""
    if len(one) != len(other):
        return False
    if isinstance(one, dict):
        return all(key in other and other[key] is value for key, value in one.items())
    return all(a is b for a, b in zip(one, other, strict=True))


def _refill(value: Any, content: Any) -> None:
    # By the methods of the plain types: Keras's own collections track what they are given.
    if isinstance(value, list):
        list.__setitem__(value, slice(None), content)
    elif isinstance(value, dict):
        dict.clear(value)
        dict.update(value, content)
    else:
        set.clear(value)
        set.update(value, content)


def is_tracing() -> bool:
    """Tells whether TensorFlow compiles a function just now: then there are no numbers yet."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and not tensorflow.executing_eagerly()


def _past_the_scope(call: Callable[..., Any]) -> Callable[..., Any]:
    """Has a function compiled as it would be without us: what it assigns belongs to it."""

    @functools.wraps(call)
    def run(*args: Any, **named: Any) -> Any:
        __tracebackhide__ = True
        now, _passes.now = getattr(_passes, "now", None), None
        if now is None:  # we are past it already
            return call(*args, **named)
        now.note_states()
        now.scope.__exit__(None, None, None)
        try:
            return call(*args, **named)
        finally:
            now.scope.__enter__()
            _passes.now = now

    return run


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
