"""Asks the shape rules why a call failed."""

from kfunc_lab.graph.keras.reader import is_library
from kfunc_lab.graph.keras.settings import changed_settings
from kfunc_lab.graph.model.layer_graph import Call, TensorSpec
from kfunc_lab.mistakes.failure import Failure, shape_of
from kfunc_lab.shapes.rules.formulas import derivation
from kfunc_lab.shapes.rules.rule import DoesNotFitError


def find_misfit(failure: Failure) -> DoesNotFitError | None:
    """Finds why a call does not fit its inputs.

    Args:
        failure: The call that failed.

    Returns:
        The reason, with its arithmetic; `None` if there is no rule for the class, or if the rule
        finds no problem.
    """
    shapes = [shape_of(tensor) for tensor in failure.tensors]
    if failure.stage != "call" or failure.operation is None or None in shapes or not shapes:
        return None
    try:
        derivation(_call(failure, tuple(TensorSpec(shape, "") for shape in shapes)))
    except DoesNotFitError as error:
        return error
    except Exception:  # a failed explanation must not hide the error that it explains
        return None
    return None


def _call(failure: Failure, inputs: tuple[TensorSpec, ...]) -> Call:
    import keras

    return Call(
        failure.name,
        failure.name,
        failure.kind,
        failure.name,
        inputs=inputs,
        settings=changed_settings(failure.operation),
        library=is_library(failure.operation),
        operation=not isinstance(failure.operation, keras.layers.Layer),
    )
