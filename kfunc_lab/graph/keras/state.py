"""Restores Keras's global state after something was tried.

What is tried runs in a scope that creates no weights. Keras counts names, draws a seed for each
initializer, and lists variables that have no values yet: all of this is restored.
"""

import contextlib
import random
from collections.abc import Iterator

from kfunc_lab.graph.keras.nodes import new_node_listeners, preserve_name_counters

# The list in Keras's global state that a new layer adds to.
_UNINITIALIZED = "uninitialized_variables"


@contextlib.contextmanager
def preserve_keras_state() -> Iterator[None]:
    """Restores Keras's global state after layers are created; they get no weights inside."""
    import keras
    from keras.src.backend.common import global_state

    random_state = random.getstate()
    uninitialized = list(global_state.get_global_attribute(_UNINITIALIZED) or ())
    listeners = new_node_listeners[:]
    new_node_listeners.clear()
    try:
        with preserve_name_counters(), keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        new_node_listeners[:] = listeners
        random.setstate(random_state)
        pending = global_state.get_global_attribute(_UNINITIALIZED)
        if pending is not None:
            pending[:] = uninitialized
