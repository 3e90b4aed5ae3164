"""One finding of `lab.lint`."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Finding:
    """A mistake that raises no error.

    Attributes:
        code: What kind of mistake it is, as `"unused-input"`.
        call: The id of the call that it is about; empty for the model.
        reason: Why it is one, in the language in use.
        change: What to do.
        sureness: `"certain"`, `"likely"` or `"possible"`.
    """

    code: str
    call: str
    reason: str
    change: str
    sureness: str
