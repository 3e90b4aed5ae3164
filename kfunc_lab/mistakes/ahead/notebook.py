"""Tells whether an edit of the learner's cells makes all calls fit that can be followed."""

import ast
import time
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import islice
from typing import Any

from kfunc_lab.graph.keras.nodes import has_history, node_of
from kfunc_lab.graph.keras.reader import read
from kfunc_lab.mistakes.ahead.layers import KnownCalls
from kfunc_lab.mistakes.ahead.statements import Follower, StoppedError, bound_names
from kfunc_lab.mistakes.ahead.values import MisfitError
from kfunc_lab.mistakes.ahead.variables import Variables
from kfunc_lab.mistakes.data.cells import earlier_code
from kfunc_lab.mistakes.failure import Caller, Failure
from kfunc_lab.mistakes.source.code import Code
from kfunc_lab.mistakes.source.edit import Change, edited

SECONDS = 0.15
_MAX_CELLS = 12
_MAX_VARIABLES = 500

# A place in the code: the number of the cell, and the number of the statement in it.
Place = tuple[int, int]


@dataclass(frozen=True)
class Verdict:
    """What following the edited code shows.

    Attributes:
        misfit: The place of the first statement that Keras would refuse; `None` if there is none.
        is_known: Whether the code could be followed in time.
        is_proof: Whether a call that did not fit before fits now.
    """

    misfit: Place | None = None
    is_known: bool = True
    is_proof: bool = False

    @property
    def fits(self) -> bool:
        """Whether nothing that could be followed fails."""
        return self.misfit is None


class Notebook:
    """The learner's cells from the first one that an edit changes to the failed one.

    Args:
        failure: The failure.
        seconds: The time for all edits.
    """

    def __init__(self, failure: Failure, seconds: float = SECONDS) -> None:
        self.failure = failure
        self.end = time.perf_counter() + seconds
        self._verdicts: dict[tuple[tuple[str, str], ...], Verdict] = {}
        self._bodies: dict[str, list[ast.stmt] | None] = {}

    @cached_property
    def outermost(self) -> Caller | None:
        """The frame of the failed cell."""
        if self.failure.callers:
            return self.failure.callers[-1]
        failure = self.failure
        if failure.scope is None or failure.frame is None:
            return None
        return Caller(failure.scope, failure.frame[0], failure.span)

    @cached_property
    def _ran(self) -> list[Code]:
        """The files that ran, the failed one first, then the latest first."""
        return [] if self.outermost is None else list(earlier_code(self.outermost.file))

    @cached_property
    def _failed_line(self) -> int:
        """The line of the failed cell whose statement failed."""
        caller = self.outermost
        if caller is None:
            return 0
        if caller.span is not None:
            return caller.span[0][0]
        return self.failure.frame[1] if self.failure.frame else 0

    def verdict(self, changes: Iterable[Change]) -> Verdict:
        """Follows the code after changes; an edit that cannot be followed is not refused."""
        changes = list(changes)
        files = list(dict.fromkeys(change.file for change in changes))
        region = self._region(files) if files else None
        if not region:
            return Verdict(is_known=False)
        before = self._followed(region, {})
        texts = {
            code.file: edited(code.text, [it for it in changes if it.file == code.file])
            for code in region
            if code.file in files
        }
        after = self._followed(region, texts)
        if not after.is_known or not before.is_known:
            return Verdict(is_known=False)
        if after.fits:
            return replace(after, is_proof=not before.fits)
        # Keras got further with the unchanged code, so the rules do not know all that it accepts.
        too_early = before.misfit is not None and before.misfit < self._failed_place(region)
        return Verdict(is_known=False) if too_early else after

    def _region(self, files: list[str]) -> list[Code] | None:
        """Returns the cells to follow, in the order in which they ran; `None` if not known."""
        ran = self._ran
        places = [place for place, code in enumerate(ran) if code.file in files]
        if len(places) != len(set(files)) or not ran:
            return None
        last = max(places, default=0)
        region = ran[: last + 1]
        if len(region) > _MAX_CELLS:
            region = [code for n, code in enumerate(region) if n == 0 or n in places]
        return list(reversed(region))

    def _failed_place(self, region: list[Code]) -> Place:
        body = self._body(region[-1].text, is_last=True) or []
        number = sum((each.end_lineno or each.lineno) < self._failed_line for each in body)
        return len(region) - 1, number

    # -- following

    def _followed(self, region: list[Code], texts: Mapping[str, str]) -> Verdict:
        sources = tuple((code.file, texts.get(code.file, code.text)) for code in region)
        if sources not in self._verdicts:
            self._verdicts[sources] = self._follow(sources, region, texts.keys())
        return self._verdicts[sources]

    def _follow(
        self,
        sources: tuple[tuple[str, str], ...],
        region: list[Code],
        edited_files: Collection[str],
    ) -> Verdict:
        bodies = [
            self._body(text, is_last=n == len(sources) - 1)
            for n, (_file, text) in enumerate(sources)
        ]
        if any(body is None for body in bodies) or self.outermost is None:
            return Verdict(is_known=False)
        scope = self.outermost.scope
        existing = {**scope.f_globals, **scope.f_locals}
        follower = Follower(existing, self._known_calls, self.end, edited_files)
        variables = self._variables(existing, [body or [] for body in bodies], region)
        for number, body in enumerate(bodies):
            is_last = number == len(bodies) - 1
            follower.ran_until = self._failed_line if is_last else 1_000_000
            try:
                follower.cell(body or [], variables)
            except MisfitError:
                if is_last or edited_files:
                    place = next(
                        n for n, each in enumerate(body or []) if each is follower.node
                    )
                    return Verdict((number, place))
            except StoppedError:
                return Verdict(is_known=False)
            except Exception:  # a return outside of a function, or anything not expected
                return Verdict(is_known=False)
        return Verdict()

    def _variables(
        self, existing: Mapping[str, Any], bodies: list[list[ast.stmt]], region: list[Code]
    ) -> Variables:
        bound: Counter[str] = Counter()
        for body in bodies:
            bound += bound_names(body)
        ran = bound_names(
            statement
            for number, body in enumerate(bodies)
            for statement in body
            if number < len(bodies) - 1
            or (statement.end_lineno or statement.lineno) < self._failed_line
        )
        late = frozenset(name for name in bound if name not in ran)
        return Variables(existing, bound, late)

    def _body(self, text: str, *, is_last: bool) -> list[ast.stmt] | None:
        """Returns the statements to follow: those of the cell, or of the failed function."""
        if text not in self._bodies:
            try:
                self._bodies[text] = ast.parse(text).body
            except SyntaxError:
                self._bodies[text] = None
        body = self._bodies[text]
        function = "" if self.outermost is None else self.outermost.scope.f_code.co_name
        if body is None or not is_last or function == "<module>":
            return body
        return next(
            (
                node.body
                for each in body
                for node in ast.walk(each)
                if isinstance(node, ast.FunctionDef) and node.name == function
            ),
            body if function.startswith("<") else None,
        )

    @cached_property
    def _known_calls(self) -> KnownCalls:
        """What the calls returned that computed the learner's tensors."""
        return dict(self._recorded())

    def _recorded(self) -> Iterator[tuple[Any, Any]]:
        from kfunc_lab.mistakes.ahead.values import Tensor

        if self.outermost is None:
            return
        scope = self.outermost.scope
        values = {**scope.f_globals, **scope.f_locals}.values()
        tensors = [value for value in islice(values, _MAX_VARIABLES) if has_history(value)]
        if not tensors or all(not node_of(tensor).parent_nodes for tensor in tensors):
            return
        for call in read(tensors, lost=False).graph.calls:
            shapes = tuple(tensor.shape for tensor in call.inputs)
            if not call.library and None not in shapes:
                yield (
                    (call.kind, shapes),
                    tuple(Tensor(it.shape, it.dtype) for it in call.outputs if it.shape),
                )
