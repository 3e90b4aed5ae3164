"""Follows the calls and variables of a notebook."""

import gc
import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of, has_history, node_of, output_number
from kfunc_lab.graph.model.layer_graph import Call
from kfunc_lab.live.call_log import CallLog, Place, Run
from kfunc_lab.live.pins import Held, held_by
from kfunc_lab.live.snapshot import EMPTY, Snapshot, take_snapshot


class Tracker:
    """Follows the variables of one notebook.

    Attributes:
        log: The calls that were made.
    """

    def __init__(self, namespace: Mapping[str, Any], apart: Iterable[Any] = ()) -> None:
        """Prepares to follow the variables of a notebook.

        Args:
            namespace: The variables.
            apart: Calls, as Keras records them, that are not looked at although variables may
                hold their results: those of a model to build.
        """
        self.log = CallLog(namespace)
        self._namespace = namespace
        self._apart = weakref.WeakSet(apart)
        self._latest_runs: dict[str, int] = {}
        self._known: weakref.WeakKeyDictionary[Any, Call] = weakref.WeakKeyDictionary()
        # The serial of each variable's tensor, and which of the call's outputs it is.
        self._pinned: dict[str, tuple[int, int]] = {}
        self._models: set[tuple[str, int]] = set()
        self._left: dict[int, tuple[Run, Place]] = {}
        self._model_left = False

    def set_aside(self) -> None:
        """Looks no more at what variables hold now, unless something new is built on it."""
        held_now = held_by(self._namespace)
        models = [functional_of(model) for model in held_now.models.values()]
        ends = [it for model in models if model is not None for it in model.outputs]
        tensors = [*held_now.tensors.values(), *ends]
        self._apart.update(node_of(it) for it in tensors if has_history(it))

    def begin_run(self, run: Run) -> None:
        """Notes that a cell is run."""
        self.log.run = run
        self._latest_runs[run.key] = run.number

    def statement_ended(self, place: Place) -> bool:
        """Looks at the variables after a statement, and tells whether what they hold changed.

        Args:
            place: The statement's line.
        """
        self.log.start()
        if not self.log.is_started:
            return False
        held_now = self._held(self._namespace)
        pinned = {name: self._serial(it) for name, it in held_now.tensors.items()}
        pinned = {name: key for name, key in pinned.items() if key[0] >= 0}
        models = {(name, id(model)) for name, model in held_now.models.items()}
        changed = pinned != self._pinned or models != self._models
        if changed and self.log.run is not None:
            still = {serial for serial, _output in pinned.values()}
            for serial in {serial for serial, _output in self._pinned.values()} - still:
                self._left[serial] = (self.log.run, place)
        self._model_left |= bool(self._models - models)
        self._pinned, self._models = pinned, models
        return changed

    def _held(self, namespace: Mapping[str, Any]) -> Held:
        held_now = held_by(namespace)
        if not self._apart:
            return held_now
        return Held(
            {name: it for name, it in held_now.tensors.items() if not self._is_apart([it])},
            {
                name: model
                for name, model in held_now.models.items()
                if (functional := functional_of(model)) is None
                or not self._is_apart(functional.outputs)
            },
        )

    def _is_apart(self, tensors: Iterable[Any]) -> bool:
        return all(has_history(it) and node_of(it) in self._apart for it in tensors)

    def _serial(self, tensor: Any) -> tuple[int, int]:
        if not has_history(tensor):
            return -1, 0
        node = node_of(tensor)
        self.log.adopt([node])
        return self.log.serial(node), output_number(tensor)

    def snapshot(
        self, given: Sequence[Any] = (), local: Mapping[str, Any] | None = None
    ) -> Snapshot:
        """Returns how the graph stands.

        Args:
            given: Tensors that are shown although no variable leads to them.
            local: The variables of a function that is running, if they are wanted too.
        """
        self.log.start()
        if not self.log.is_started:
            return Snapshot(EMPTY)
        held_now = self._held({**self._namespace, **(local or {})})
        facts = (self.log, held_now, self._latest_runs, self._left, self._known, given)
        taken = take_snapshot(*facts)
        if self._model_left and taken.unexplained:
            gc.collect()  # a model that was deleted still holds its tensors until then
            taken = take_snapshot(*facts)
        self._model_left = False
        return taken
