"""What one check of one model found, as plain data that a process can send to another."""

import re
from dataclasses import asdict, dataclass
from typing import Any


@dataclass(frozen=True)
class Fault:
    """Something that a view does wrong.

    Attributes:
        view: The view, such as `"svg"` or `"activations"`.
        kind: What is wrong, in words that are the same for all models with this fault.
        detail: What is wrong with this model.
    """

    view: str
    kind: str
    detail: str = ""


@dataclass(frozen=True)
class Report:
    """What the checks say about one model.

    Attributes:
        group: The group of models, such as `"applications"`.
        name: The name of the model in its group.
        status: `"read"`; or why there is no report: `"not built"`, `"too slow"`, `"died"`.
        calls: The number of calls in its graph.
        checks: The checks that ran to their end.
        faults: What is wrong.
        findings: What `lab.lint` found.
        seconds: How long the checks took.
    """

    group: str
    name: str
    status: str = "read"
    calls: int = 0
    checks: tuple[str, ...] = ()
    faults: tuple[Fault, ...] = ()
    findings: tuple[dict[str, str], ...] = ()
    seconds: float = 0.0

    def as_json(self) -> dict[str, Any]:
        """Returns the report as a dict."""
        return asdict(self)


def report_from(data: dict[str, Any]) -> Report:
    """Returns the report that a dict describes."""
    return Report(
        **{
            **data,
            "checks": tuple(data["checks"]),
            "faults": tuple(Fault(**it) for it in data["faults"]),
            "findings": tuple(data["findings"]),
        }
    )


def exception_fault(view: str, error: BaseException) -> Fault:
    """Returns the fault of a view that raises."""
    text = " ".join(str(error).split())
    words = re.sub(r"['\"`«].*?['\"`»]|[\d.,]+|\(.*?\)", "…", text)[:70]
    return Fault(view, f"raises {type(error).__name__}: {words}", text[:400])
