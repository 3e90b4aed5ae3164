"""What a learner asks of a training run while it runs: stop, pause, one step, learning rate.

The page writes it, on whichever thread; the training thread reads it between two batches.
"""

import threading
from dataclasses import dataclass


@dataclass
class Asked:
    """What was asked since the training thread looked last.

    Attributes:
        stop: To end after this batch.
        step: To do one batch while the run is paused.
        learning_rate: A new learning rate, if one was asked for.
    """

    stop: bool = False
    step: bool = False
    learning_rate: float | None = None


class Controls:
    """The state of the buttons.

    Attributes:
        is_due: Whether there is something to attend to. Read without a lock, after every batch.
    """

    def __init__(self) -> None:
        self.is_due = False
        self._changed = threading.Condition()
        self._paused = False
        self._steps = 0
        self._asked = Asked()

    @property
    def is_paused(self) -> bool:
        """Whether the run is to wait."""
        return self._paused

    @property
    def is_to_stop(self) -> bool:
        """Whether the run is to end, and the training thread has not heard of it yet."""
        return self._asked.stop

    def stop(self) -> None:
        """Asks to end the run after this batch."""
        with self._changed:
            self._asked.stop = True
            self._notify()

    def pause(self) -> None:
        """Asks to wait after this batch."""
        with self._changed:
            self._paused = True
            self._steps = 0
            self._notify()

    def resume(self) -> None:
        """Asks to go on."""
        with self._changed:
            self._paused = False
            self._notify()

    def step(self) -> None:
        """Asks for one batch more, and to wait after it."""
        with self._changed:
            self._paused = True
            self._steps += 1
            self._notify()

    def set_learning_rate(self, value: float) -> None:
        """Asks for another learning rate."""
        with self._changed:
            self._asked.learning_rate = value
            self._notify()

    def _notify(self) -> None:
        self.is_due = True
        self._changed.notify_all()

    def take(self) -> Asked:
        """Returns what was asked, once; of several steps each by itself."""
        with self._changed:
            asked, self._asked = self._asked, Asked()
            if self._paused and self._steps:
                self._steps -= 1
                asked.step = True
            self.is_due = self._paused
            return asked

    def wait(self, seconds: float) -> None:
        """Waits until something is asked.

        Args:
            seconds: How long at most. An interrupt of the kernel ends it at once.
        """
        with self._changed:
            if self._paused and not self._steps and self._asked == Asked():
                self._changed.wait(seconds)
