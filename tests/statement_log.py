"""Notes, within a notebook's kernel, how the graph stands after each statement."""

import json

from kfunc_lab.watch import watch

noted = []


def begin():
    """Begins to follow the notebook, and to take notes."""
    watch.watch()
    follower = watch.follower()
    tracker, statement_ended = follower.tracker, follower.statement_ended

    def ended(place):
        statement_ended(place)
        if "statement_log" in tracker.log.run.source:
            return
        stands = tracker.snapshot()
        noted.append(
            {
                "line": place.line,
                "calls": [call.id for call in stands.graph.calls],
                "pins": {pin.name: pin.call for pin in stands.pins},
                "lost": dict(stands.lost),
                "earlier": [
                    call for call, mark in stands.annotations.marks.items() if mark == "earlier"
                ],
                "rows": {call: dict(rows) for call, rows in stands.annotations.rows.items()},
                "cells": {str(cell): ids for cell, ids in stands.cells.items()},
            }
        )

    follower.statement_ended = ended


def take() -> str:
    """Returns what was noted since the last time, as JSON."""
    taken = json.dumps(noted)
    noted.clear()
    return taken
