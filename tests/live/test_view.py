"""The live view reaches its page, whoever changes it at the same time."""

import threading

import keras
import pytest

from kfunc_lab.live.call_log import Place, Run
from kfunc_lab.live.snapshot import Snapshot
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.live.view import LiveView


@pytest.fixture
def snapshots() -> list[Snapshot]:
    """Thirty states of a notebook, each with a call more."""
    namespace = {"x": keras.Input((4,))}
    tracker = Tracker(namespace)
    tracker.begin_run(Run(1, 1, "cell", ""))
    found = []
    for _number in range(30):
        namespace["x"] = keras.layers.Identity()(namespace["x"])
        tracker.statement_ended(Place("", 1))
        found.append(tracker.snapshot())
    tracker.log.stop()
    return found


def test_page_gets_drawing_in_one_message(snapshots, monkeypatch):
    """The page cannot draw levels without their items, also if it changes the state just then."""
    view = LiveView()
    messages, inside, go_on = [], threading.Event(), threading.Event()

    def send(names):
        messages.append({names} if isinstance(names, str) else set(names))

    monkeypatch.setattr(view, "send_state", send)

    def from_page(value, _widget):
        inside.set()
        go_on.wait(20)
        return value

    monkeypatch.setattr(view, "_trait_from_json", from_page)
    taking = threading.Thread(target=view.set_state, args=[{"selected": ""}])
    taking.start()
    inside.wait(20)
    view.show(snapshots[-1])
    drawing = threading.Thread(target=view._settle)
    drawing.start()
    drawing.join(1)
    go_on.set()
    for thread in (taking, drawing):
        thread.join()
    (drawn,) = (names for names in messages if "_levels" in names)
    assert drawn >= {"_items", "_title"}


def test_state_at_end_of_cell_is_drawn_before_page_answers(snapshots, monkeypatch):
    view = LiveView()
    drawn = threading.Event()
    view.observe(lambda _change: drawn.set(), "_title")
    view.show(snapshots[-1])
    view.draw_soon()
    assert drawn.wait(20)
    assert "31 calls" in view._title
