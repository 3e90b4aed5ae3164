"""Tracks the calls and variables of a notebook."""

import weakref
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from kfunc_lab.graph.keras.nodes import functional_of, has_history, node_of, output_number
from kfunc_lab.graph.keras.reader import KnownCall
from kfunc_lab.live.call_log import CallLog, Place, Run
from kfunc_lab.live.pins import Variables, find_variables
from kfunc_lab.live.snapshot import EMPTY, Snapshot, take_snapshot


class Tracker:
    """Tracks the calls and variables of one notebook.

    Attributes:
        log: The calls that were made.
    """

    def __init__(self, namespace: Mapping[str, Any], ignored: Iterable[Any] = ()) -> None:
        """Prepares to track the variables of a notebook.

        Args:
            namespace: The variables.
            ignored: Keras's nodes to ignore although variables may hold their outputs: those of
                a model to build.
        """
        self.log = CallLog(namespace)
        self._namespace = namespace
        self._ignored = weakref.WeakSet(ignored)
        self._latest_runs: dict[str, int] = {}
        self._known: weakref.WeakKeyDictionary[Any, KnownCall] = weakref.WeakKeyDictionary()
        # The serial of each variable's tensor, and which of the call's outputs it is.
        self._pinned: dict[str, tuple[int, int]] = {}
        self._models: set[tuple[str, int]] = set()
        self._releases: dict[int, tuple[Run, Place]] = {}
        self._released_model = False

    def ignore_existing(self) -> None:
        """Ignores what variables hold now, unless a new call is built on it."""
        variables = find_variables(self._namespace)
        models = [functional_of(model) for model in variables.models.values()]
        ends = [tensor for model in models if model is not None for tensor in model.outputs]
        tensors = [*variables.tensors.values(), *ends]
        self._ignored.update(node_of(tensor) for tensor in tensors if has_history(tensor))

    def begin_run(self, run: Run) -> None:
        """Records that a cell starts to run."""
        self.log.run = run
        self._latest_runs[run.key] = run.number

    def is_of_earlier_run(self, node: Any) -> bool:
        """Tells whether an earlier run of a cell made a call, and the cell was run again."""
        origin = self.log.origin(node)
        return origin is not None and origin.run.number < self._latest_runs.get(
            origin.run.key, 0
        )

    def statement_ended(self, place: Place) -> bool:
        """Checks the variables after a statement, and returns whether they changed.

        Args:
            place: The statement's line.
        """
        self.log.start()
        if not self.log.is_started:
            return False
        variables = self._variables(self._namespace)
        pinned = {name: self._serial(tensor) for name, tensor in variables.tensors.items()}
        pinned = {name: key for name, key in pinned.items() if key[0] >= 0}
        models = {(name, id(model)) for name, model in variables.models.items()}
        changed = pinned != self._pinned or models != self._models
        if changed and self.log.run is not None:
            still_pinned = {serial for serial, _output in pinned.values()}
            for serial in {serial for serial, _output in self._pinned.values()} - still_pinned:
                self._releases[serial] = (self.log.run, place)
        self._released_model |= bool(self._models - models)
        self._pinned, self._models = pinned, models
        return changed

    def _variables(self, namespace: Mapping[str, Any]) -> Variables:
        variables = find_variables(namespace)
        if not self._ignored:
            return variables
        return Variables(
            {
                name: tensor
                for name, tensor in variables.tensors.items()
                if not self._is_ignored([tensor])
            },
            {
                name: model
                for name, model in variables.models.items()
                if (functional := functional_of(model)) is None
                or not self._is_ignored(functional.outputs)
            },
        )

    def _is_ignored(self, tensors: Iterable[Any]) -> bool:
        return all(
            has_history(tensor) and node_of(tensor) in self._ignored for tensor in tensors
        )

    def _serial(self, tensor: Any) -> tuple[int, int]:
        if not has_history(tensor):
            return -1, 0
        node = node_of(tensor)
        self.log.adopt([node])
        return self.log.serial(node), output_number(tensor)

    def snapshot(
        self, extra_tensors: Sequence[Any] = (), local: Mapping[str, Any] | None = None
    ) -> Snapshot:
        """Returns the current state of the graph.

        Args:
            extra_tensors: Tensors to show although no variable leads to them.
            local: The variables of a function that is running, to include them.
        """
        self.log.start()
        if not self.log.is_started:
            return Snapshot(EMPTY)
        snapshot = take_snapshot(
            self.log,
            self._variables({**self._namespace, **(local or {})}),
            self._latest_runs,
            self._releases,
            self._known,
            extra_tensors,
            released_model=self._released_model,
        )
        self._released_model = False
        return snapshot
