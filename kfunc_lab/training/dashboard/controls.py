"""The learner's requests to a training run: stop, pause, resume, one step, learning rate.

The page makes requests on any thread, and the training thread reads them between two batches.
"""

import threading
from dataclasses import dataclass


@dataclass
class Requests:
    """The requests since the training thread last read them.

    Attributes:
        stop: Whether to end the run after this batch.
        step: Whether to train on one batch while the run is paused.
        learning_rate: The new learning rate, if one was requested.
    """

    stop: bool = False
    step: bool = False
    learning_rate: float | None = None


class Controls:
    """The state of the buttons.

    Attributes:
        is_due: Whether there is a request or a pause. Read after every batch, without a lock.
    """

    def __init__(self) -> None:
        self.is_due = False
        self._changed = threading.Condition()
        self._paused = False
        self._steps = 0
        self._requests = Requests()

    @property
    def is_paused(self) -> bool:
        """Whether the run is to pause."""
        return self._paused

    @property
    def is_to_stop(self) -> bool:
        """Whether the run is to end, and the training thread has not read the request yet."""
        return self._requests.stop

    def stop(self) -> None:
        """Requests the end of the run after this batch."""
        with self._changed:
            self._requests.stop = True
            self._notify()

    def pause(self) -> None:
        """Requests a pause after this batch."""
        with self._changed:
            self._paused = True
            self._steps = 0
            self._notify()

    def resume(self) -> None:
        """Requests the end of the pause."""
        with self._changed:
            self._paused = False
            self._notify()

    def step(self) -> None:
        """Requests one more batch, and a pause after it."""
        with self._changed:
            self._paused = True
            self._steps += 1
            self._notify()

    def set_learning_rate(self, value: float) -> None:
        """Requests a new learning rate."""
        with self._changed:
            self._requests.learning_rate = value
            self._notify()

    def _notify(self) -> None:
        self.is_due = True
        self._changed.notify_all()

    def take(self) -> Requests:
        """Returns the requests and clears them; each of several steps needs a call of its own."""
        with self._changed:
            requests, self._requests = self._requests, Requests()
            if self._paused and self._steps:
                self._steps -= 1
                requests.step = True
            self.is_due = self._paused
            return requests

    def wait(self, seconds: float) -> None:
        """Waits for a request during a pause.

        Args:
            seconds: The longest time to wait. An interrupt of the kernel ends the wait at once.
        """
        with self._changed:
            if self._paused and not self._steps and self._requests == Requests():
                self._changed.wait(seconds)
