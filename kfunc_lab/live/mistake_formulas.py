"""What the formulas of shapes say of a call that failed."""

from kfunc_lab.graph.keras_reader import is_library
from kfunc_lab.graph.layer_graph import Call, TensorSpec
from kfunc_lab.graph.settings import changed_settings
from kfunc_lab.live.failure import Failure, shape_of
from kfunc_lab.shapes.formulas import derivation
from kfunc_lab.shapes.rule import DoesNotFitError


def misfit(failure: Failure) -> DoesNotFitError | None:
    """Finds why a call does not fit its inputs.

    Args:
        failure: What failed.

    Returns:
        The reason, with its arithmetic; nothing where no rule knows the class, or where the
        rule finds nothing wrong.
    """
    import keras

    operation = failure.operation
    shapes = [shape_of(tensor) for tensor in failure.tensors]
    if failure.stage != "call" or operation is None or None in shapes or not shapes:
        return None
    call = Call(
        failure.name,
        failure.name,
        failure.kind,
        failure.name,
        inputs=tuple(TensorSpec(shape, "") for shape in shapes),
        settings=changed_settings(operation),
        library=is_library(operation),
        operation=not isinstance(operation, keras.layers.Layer),
    )
    try:
        derivation(call)
    except DoesNotFitError as error:
        return error
    return None
