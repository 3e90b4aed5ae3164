"""Records each Keras call and the line of the notebook that made it."""

import sys
import weakref
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from types import FrameType
from typing import Any

from kfunc_lab.graph.keras.nodes import announce_new_nodes, is_complete, new_node_listeners


@dataclass(frozen=True)
class Run:
    """One run of a cell.

    Attributes:
        number: The number of the run; it counts the runs of all cells.
        cell: The cell's number in the notebook, as in `In [3]`.
        key: Identifies the cell when it is run again.
        source: The cell's text.
    """

    number: int
    cell: int
    key: str
    source: str


@dataclass(frozen=True)
class Place:
    """A line of the notebook.

    Attributes:
        file: Python's file name for the cell; empty if it is not known.
        line: The line, counted from 1.
    """

    file: str
    line: int


@dataclass(frozen=True)
class Origin:
    """The place where a call was made.

    Attributes:
        run: The run of the cell that made the call.
        place: The line of the call, possibly in a function that another cell defines.
        top: The line of the cell itself; differs from `place` if a function made the call.
    """

    run: Run
    place: Place
    top: Place


class CallLog:
    """The calls made since the log was started, for as long as something else holds them."""

    def __init__(self, namespace: Mapping[str, Any]) -> None:
        self.run: Run | None = None
        self.count = 0
        self.in_order = True  # each call was recorded after those that feed it
        self.on_new: Callable[[], None] = lambda: None
        self._namespace = namespace
        self._entries: dict[int, tuple[weakref.ref[Any], Origin | None]] = {}
        self._serials: weakref.WeakKeyDictionary[Any, int] = weakref.WeakKeyDictionary()
        self.is_started = False

    def start(self) -> None:
        """Starts to record calls, once Keras has been imported."""
        if not self.is_started and "keras" in sys.modules:
            announce_new_nodes()
            new_node_listeners.append(self._note)
            self.is_started = True

    def stop(self) -> None:
        """Stops recording and clears the log."""
        if self.is_started:
            new_node_listeners.remove(self._note)
        self.is_started = False
        self._entries.clear()

    def adopt(self, nodes: Iterable[Any]) -> None:
        """Adds calls that were made before the log was started, in their order."""
        new = [node for node in nodes if node not in self._serials]
        # These earlier calls may feed calls that are in the log already.
        self.in_order &= not (new and self._entries)
        for node in new:
            self._add(node, None)

    def nodes(self) -> Iterator[Any]:
        """Yields the nodes of calls that are still alive, in the order of the calls."""
        for reference, _origin in list(self._entries.values()):
            node = reference()
            if node is not None and is_complete(node):
                yield node

    def serial(self, node: Any) -> int:
        """Returns a call's serial number, which never changes and is greater for later calls."""
        return self._serials[node]

    def origin(self, node: Any) -> Origin | None:
        """Returns where a call was made; `None` if the log did not record it."""
        serial = self._serials.get(node)
        return None if serial is None else self._entries[serial][1]

    def _note(self, node: Any) -> None:
        try:
            self.on_new()
            self._add(node, self._origin_now())
        except Exception:  # noqa: S110 - a call missing from the log does less harm
            pass

    def _add(self, node: Any, origin: Origin | None) -> None:
        serial = self.count
        self.count += 1
        entries = self._entries
        reference = weakref.ref(node, lambda _dead: entries.pop(serial, None))
        entries[serial] = (reference, origin)
        self._serials[node] = serial

    def _origin_now(self) -> Origin | None:
        if self.run is None:
            return None
        places = list(notebook_places(sys._getframe(3), self._namespace))
        return Origin(self.run, places[0], places[-1]) if places else None


def notebook_places(frame: FrameType | None, namespace: Mapping[str, Any]) -> Iterator[Place]:
    """Yields the lines of a notebook that are running, the innermost first."""
    while frame is not None:
        if frame.f_globals is namespace:
            yield Place(frame.f_code.co_filename, frame.f_lineno)
            if frame.f_code.co_name == "<module>":
                return
        frame = frame.f_back
