"""The learner's arrays: their shapes tell which shape an input should have."""

from itertools import islice

from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.shapes.rules.rule import Shape

_MAX_VARIABLES = 500


def data_shapes(failure: Failure) -> frozenset[Shape]:
    """Returns the shapes of the arrays in the learner's variables, without the first axis."""
    import numpy as np

    if failure.scope is None:
        return frozenset()
    variables = {**failure.scope.f_globals, **failure.scope.f_locals}
    arrays = [
        value
        for value in islice(variables.values(), _MAX_VARIABLES)
        if isinstance(value, np.ndarray) and value.ndim > 1
    ]
    shapes = (shape_of(array) for array in arrays)
    return frozenset(shape[1:] for shape in shapes if shape is not None)
