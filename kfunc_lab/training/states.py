"""The states of a training run."""

from kfunc_lab.locale import N_, _

RUNNING = "running"
PAUSED = "paused"
FINISHED = "finished"
STOPPED = "stopped"
INTERRUPTED = "interrupted"
FAILED = "failed"

_WORDS = {
    RUNNING: N_("running"),
    PAUSED: N_("paused"),
    FINISHED: N_("finished"),
    STOPPED: N_("stopped"),
    INTERRUPTED: N_("interrupted"),
    FAILED: N_("failed"),
}


def state_words(state: str) -> str:
    """Returns the name of a state in the current language; an unknown state is returned as is."""
    return _(_WORDS.get(state, state))
