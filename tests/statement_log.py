"""Records the graph after each statement, inside a notebook's kernel."""

import json

from kfunc_lab.watch import watch

states = []


def begin():
    """Starts to watch the notebook and to record states."""
    watch.watch()
    follower = watch.follower()
    tracker, statement_ended = follower.tracker, follower.statement_ended

    def ended(place):
        statement_ended(place)
        if "statement_log" in tracker.log.run.source:
            return
        snapshot = tracker.snapshot()
        states.append(
            {
                "line": place.line,
                "calls": [call.id for call in snapshot.graph.calls],
                "pins": {pin.name: pin.call for pin in snapshot.pins},
                "lost": dict(snapshot.lost),
                "earlier": [
                    call
                    for call, mark in snapshot.annotations.marks.items()
                    if mark == "earlier"
                ],
                "rows": {call: dict(rows) for call, rows in snapshot.annotations.rows.items()},
                "cells": {str(cell): ids for cell, ids in snapshot.cells.items()},
            }
        )

    follower.statement_ended = ended


def take() -> str:
    """Returns the states recorded since the last call, as JSON."""
    taken = json.dumps(states)
    states.clear()
    return taken
