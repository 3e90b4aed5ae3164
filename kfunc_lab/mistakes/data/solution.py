"""What is wrong with data, and the edits that mend it."""

from collections.abc import Sequence
from dataclasses import dataclass

from kfunc_lab.mistakes.source.edit import Edit


@dataclass(frozen=True)
class Solution:
    """What is wrong with data, and the edits that mend it.

    Attributes:
        edits: The edits, the first choice first.
        rule: The more precise rule; empty to keep that of the message.
        reason: The more precise reason; empty to keep that of the message.
        arithmetic: The numbers that belong to `reason`.
    """

    edits: Sequence[Edit] = ()
    rule: str = ""
    reason: str = ""
    arithmetic: str = ""
