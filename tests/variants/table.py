"""Prints how the checks judge the variants: `python -m variants.table SEED [EXERCISE ...]`."""

import os
import re
import sys
import time
import traceback
from collections.abc import Iterator
from typing import Any

os.environ.setdefault("KFUNC_LAB_PROGRESS", "")


def judged(name: str, answer: Any) -> tuple[str, str, Any]:
    """Returns the verdict on an answer, its message and its comparison."""
    import kfunc_lab as lab

    feedback = lab.check(name, answer)
    return feedback.status, feedback.message, feedback.comparison


def general(name: str) -> set[str]:
    """Returns the messages that an exercise has for any wrong number."""
    messages = set()
    for number in (987_654, 31_337):
        messages.add(_shape_of(judged(name, number)[1]))
    return messages


def _shape_of(message: str) -> str:
    return re.sub(r"[0-9][0-9,.]*", "#", message)


def is_reasoned(name: str, message: str, comparison: Any) -> bool:
    """Tells whether a message is a reason or a comparison that draws a difference."""
    if "could not be checked" in message:
        return False
    if comparison is not None:
        return bool(comparison.marks or comparison.lines) or True
    return _shape_of(message) not in general(name)


def main(seed: int, names: list[str]) -> None:
    import variants
    from kfunc_lab.lessons.exercises import EXERCISES

    print(f"seed {seed}\n{'exercise':24}{'right':>7}{'refused':>9}{'reason':>8}{'seconds':>9}")
    totals = [0, 0, 0, 0, 0]
    details: list[str] = []
    for name in names or EXERCISES:
        begin = time.process_time()
        rights = [(note, *judged(name, it)) for note, it in made(variants.right, name, seed)]
        wrongs = [(note, *judged(name, it)) for note, it in made(variants.wrong, name, seed)]
        counts = [
            sum(status == "right" for _n, status, _m, _c in rights),
            sum(status != "right" for _n, status, _m, _c in wrongs),
            sum(
                status == "wrong" and is_reasoned(name, message, comparison)
                for _n, status, message, comparison in wrongs
            ),
        ]
        seconds = time.process_time() - begin
        print(
            f"{name:24}{counts[0]:>4}/{len(rights):<3}{counts[1]:>5}/{len(wrongs):<3}"
            f"{counts[2]:>5}{seconds:>10.1f}",
            flush=True,
        )
        for at, value in enumerate([counts[0], len(rights), counts[1], len(wrongs), counts[2]]):
            totals[at] += value
        details += [f"REFUSED {n}\n    {m}" for n, s, m, _c in rights if s != "right"]
        details += [f"{s.upper()} {n}\n    {m}" for n, s, m, _c in wrongs]
    print(f"{'all':24}{totals[0]:>4}/{totals[1]:<3}{totals[2]:>5}/{totals[3]:<3}{totals[4]:>5}")
    print("\n".join(["", *details]))


def made(maker: Any, name: str, seed: int) -> Iterator[tuple[str, Any]]:
    try:
        yield from maker(name, seed)
    except Exception:
        print(f"-- {name}: the variants stopped:\n{traceback.format_exc()[-1500:]}")


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2:])
