"""Says that a view failed, in one line."""

import sys

from kfunc_lab.locale import _


def say(problem: Exception) -> None:
    """Says that a view failed, and that the notebook's own code goes on.

    Args:
        problem: What went wrong.
    """
    reason = f"{type(problem).__name__}: {problem}".splitlines()[0]
    said = _("The view of the graph failed ({reason}); your code is not affected.")
    print(said.format(reason=reason), file=sys.stderr)
