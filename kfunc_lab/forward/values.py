"""The results of each call, reached by its id."""

from collections.abc import Callable, Collection, Container, Iterator, Mapping
from difflib import get_close_matches
from typing import Any

import numpy as np

from kfunc_lab.forward.recording import CapturedCall
from kfunc_lab.locale import _
from kfunc_lab.ui.arrays import Numbers
from kfunc_lab.ui.text import printable


class NoSuchCallError(KeyError):
    """There is no call of such a name."""

    def __str__(self) -> str:
        return str(self.args[0])


class Values(Mapping[str, Any]):
    """The results of each call, as the call gave them: an array, or a nest of arrays.

    The keys are the ids of calls, as in the graph: `"conv2d"`, `"lstm#2"` for a second call,
    `"encoder/dense"` inside a nested model. A layer that code calls several times, as the cell
    of a recurrent layer, has a number for each further call: `"lstm/lstm_cell#3"`.
    """

    def __init__(
        self,
        calls: Mapping[str, CapturedCall],
        whole: Callable[[str], CapturedCall],
        known: Container[str] = (),
    ) -> None:
        self._calls = calls
        self._known = known  # the calls of the graph, of which not all need be recorded
        self._whole = whole  # gives a call with its values, computed again where not kept

    def __getitem__(self, name: str) -> Any:
        import keras

        call = self._whole(self.named(name))
        if call.packed is None:
            raise NoSuchCallError(
                _(
                    "{name} ran in a compiled function, where its values cannot be recorded."
                ).format(name=printable(name))
            )
        return keras.tree.map_structure(
            lambda place: None if place is None else call.tensors[place].values, call.packed
        )

    def __iter__(self) -> Iterator[str]:
        return iter(self._calls)

    def __len__(self) -> int:
        return len(self._calls)

    def __repr__(self) -> str:
        return "\n".join(
            f"{call.id}: " + ", ".join(f"{it.shape} {it.dtype}" for it in call.tensors)
            for call in self._calls.values()
        )

    def steps(self, name: str) -> Numbers:
        """Returns the first results of all calls of one place, along a new axis after the batch.

        Args:
            name: The id that they share, as `"lstm/lstm_cell"`.

        Returns:
            Of shape (samples, calls, …).

        Raises:
            NoSuchCallError: If there is no such call.
        """
        base = self._calls[self.named(name)].base
        calls = [it.id for it in self._calls.values() if it.base == base]
        arrays = [self._whole(it).tensors[0].values for it in calls]
        return np.stack([it for it in arrays if it is not None], axis=1)

    def scores(self, name: str) -> Numbers:
        """Returns the scores of an attention layer.

        Args:
            name: The id of its call.

        Returns:
            Of shape (samples, heads, queries, keys), without heads for a layer that has none.

        Raises:
            NoSuchCallError: If there is no such call, or it gives no scores.
        """
        for tensor in self._whole(self.named(name)).tensors:
            if tensor.is_scores and tensor.values is not None:
                return tensor.values
        raise NoSuchCallError(_("{name} has no attention scores.").format(name=printable(name)))

    def named(self, name: str) -> str:
        """Returns the id of a call, which may be given as the name of a layer called once.

        Raises:
            NoSuchCallError: If there is none.
        """
        calls = self._calls
        if name in calls:
            return name
        by_layer = [it.id for it in calls.values() if it.layer == name]
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
    """Says that there is no such call, and which names are near, or there are."""
    near = get_close_matches(str(name), known, n=3, cutoff=0.5)
    said = _("There is no call {name} in this graph.").format(name=repr(name))
    names = near or list(known)[:12]
    words = _("Similar names: {names}.") if near else _("Its calls are: {names}.")
    return f"{said} " + words.format(names=", ".join(map(printable, names)))
