"""Maps the id of each call to its outputs."""

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from kfunc_lab.forward.recording import CapturedCall
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable


class NoSuchCallError(KeyError):
    """No call has this name, or the call has no such values."""

    def __str__(self) -> str:
        return str(self.args[0])


class Values(Mapping[str, Any]):
    """The outputs of each call, in the structure that the call returned: an array or nested arrays.

    The keys are the ids of calls in the graph: `"conv2d"`, `"lstm#2"` for a second call,
    `"encoder/dense"` inside a nested model. A layer that is called several times in code, such as
    the cell of a recurrent layer, has a number for each further call: `"lstm/lstm_cell#3"`.
    """

    def __init__(
        self,
        calls: Mapping[str, CapturedCall],
        complete_call: Callable[[str], CapturedCall],
        known: Container[str] = (),
    ) -> None:
        self._calls = calls
        self._known = known  # the ids of the graph, which need not all be recorded
        self._complete_call = complete_call  # returns a call with its values, even if dropped

    def __getitem__(self, name: str) -> Any:
        import keras

        call = self._recorded(self.named(name))
        return keras.tree.map_structure(
            lambda place: None if place is None else call.tensors[place].values, call.packed
        )

    def _recorded(self, call_id: str) -> CapturedCall:
        call = self._complete_call(call_id)
        if call.is_compiled:
            raise NoSuchCallError(
                _(
                    "{name} ran in a compiled function, where its values cannot be recorded."
                ).format(name=printable(call_id))
            )
        return call

    def __iter__(self) -> Iterator[str]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return "\n".join(
            f"{call.id}: "
            + ", ".join(f"{tensor.shape} {tensor.dtype}" for tensor in call.tensors)
            for call in self._calls.values()
        )

    def steps(self, name: str) -> Numbers:
        """Stacks the first outputs of all calls in one place along a new axis after the batch.

        Args:
            name: The id that these calls share, such as `"lstm/lstm_cell"`.

        Returns:
            An array of shape (samples, calls, …).

        Raises:
            NoSuchCallError: If there is no such call, or its values could not be recorded: JAX
                compiles the steps of a recurrent layer, except with `unroll=True`.
        """
        base = self._calls[self.named(name)].base
        ids = [call.id for call in self._calls.values() if call.base == base]
        arrays = [self._recorded(call_id).tensors[0].values for call_id in ids]
        return np.stack([array for array in arrays if array is not None], axis=1)

    def scores(self, name: str) -> Numbers:
        """Returns the scores of an attention layer.

        Args:
            name: The id of its call.

        Returns:
            An array of shape (samples, heads, queries, keys), without the axis of heads for a
            layer that has none.

        Raises:
            NoSuchCallError: If there is no such call, or it has no scores.
        """
        for tensor in self._complete_call(self.named(name)).tensors:
            if tensor.is_scores and tensor.values is not None:
                return tensor.values
        raise NoSuchCallError(_("{name} has no attention scores.").format(name=printable(name)))

    def named(self, name: str) -> str:
        """Returns the id of a call, from its id or from the name of a layer that is called once.

        Raises:
            NoSuchCallError: If there is no such call.
        """
        calls = self._calls
        if name in calls:
            return name
        by_layer = [call.id for call in calls.values() if call.layer == name]
        if len(by_layer) == 1:
            return by_layer[0]
        if name in self._known:
            raise NoSuchCallError(
                _(
                    "Nothing was recorded for {name}: it was excluded, was not called, or ran "
                    "in a compiled function."
                ).format(name=printable(name))
            )
        raise NoSuchCallError(no_such_call(name, calls))


def no_such_call(name: object, known: Collection[str]) -> str:
    """Returns the message that no call has a name, with similar names or the first calls."""
    similar = get_close_matches(str(name), known, n=3, cutoff=0.5)
    message = _("There is no call {name} in this graph.").format(name=repr(name))
    names = similar or list(known)[:12]
    suggestion = _("Similar names: {names}.") if similar else _("Its calls are: {names}.")
    return f"{message} " + suggestion.format(names=", ".join(map(printable, names)))
