"""Reports in one line that a view failed."""

import sys

from kfunc_lab.locale import _


def report_failure(error: Exception) -> None:
    """Reports that a view failed, and that the notebook's own code continues.

    Args:
        error: The exception that the view raised.
    """
    reason = f"{type(error).__name__}: {error}".splitlines()[0]
    message = _("The view of the graph failed ({reason}); your code is not affected.")
    print(message.format(reason=reason), file=sys.stderr)
