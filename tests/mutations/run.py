"""Runs mutants in a followed notebook, and applies the edits that are offered."""

import ast
import contextlib
import difflib
import gc
import inspect
import io
import logging
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import keras
from cells import forget_cells
from IPython.core.interactiveshell import InteractiveShell

import kfunc_lab as lab
from kfunc_lab.mistakes import view as mistake_view
from kfunc_lab.mistakes.source.code import Code
from mutations.mutant import Mutant, name_of
from mutations.right_models import MODELS, PREAMBLE


@dataclass
class Outcome:
    """What happened to a mutant.

    Attributes:
        model: The name of the model.
        kind: The kind of the change.
        change: The changed lines, marked by `-` and `+`.
        raised: Whether a cell failed.
        of_keras: Whether Keras raised the exception.
        error: The exception.
        said: The explanation, or the findings of `lint`.
        rule: The rule that found the mistake.
        seconds: The time of the explanation that the failed cell shows.
        has_changes: Whether the edit names changes of the source.
        runs: Whether the cells run after the edit, from the first changed cell on.
        runs_anew: Whether they run from the first cell on in a new notebook.
        same_shapes: Whether all tensors of the edited model have the shapes of the right model.
        after: The exception after the edit.
        is_equivalent: Whether a mutant that did not fail is the right model in other words.
        found: The codes of the findings of `lint`.
    """

    model: str
    kind: str
    change: str
    raised: bool = False
    of_keras: bool = False
    error: str = ""
    said: str = ""
    rule: str = ""
    seconds: float = 0.0
    has_changes: bool = False
    runs: bool = False
    runs_anew: bool = False
    same_shapes: bool = False
    after: str = ""
    is_equivalent: bool = False
    found: tuple[str, ...] = ()

    @property
    def is_explained(self) -> bool:
        return self.of_keras and self.rule not in ("", "unknown")

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Model:
    """A model after its last cell: its graph, and the loss after the fit."""

    calls: tuple[Any, ...]
    shapes: Counter[Any]
    loss: Any


class Notebook:
    """A notebook in this process, which `lab.watch()` follows.

    Args:
        compares: Whether outcomes are compared with the right models, which need a fit each.
    """

    def __init__(self, compares: bool = True) -> None:
        self.compares = compares
        self.shell = InteractiveShell.instance()
        self.models: dict[str, Model] = {}
        self.findings: dict[str, Any] = {}
        self.seconds = 0.0  # what the explanation below the failed cell took
        self._measure()
        _exclude_from_collection()

    def _measure(self) -> None:
        view_of = mistake_view.view_of

        def measured(error: BaseException, tracker: Any, **options: Any) -> Any:
            begin = time.perf_counter()
            view = view_of(error, tracker, **options)
            if tracker is not None:
                self.seconds = time.perf_counter() - begin
            return view

        mistake_view.view_of = measured

    def begin(self) -> None:
        """Begins a new notebook."""
        self.shell.reset(new_session=True)
        forget_cells()
        keras.backend.clear_session()
        keras.config.set_floatx("float32")
        self.run(["import kfunc_lab as lab\nlab.watch()", PREAMBLE])

    def run(self, cells: Iterable[str]) -> tuple[int, BaseException | None]:
        """Runs cells until one fails; returns its number, and the exception if there is one."""
        number = -1
        for number, cell in enumerate(cells):
            with _quiet():
                result = self.shell.run_cell(cell)
            error = result.error_in_exec or result.error_before_exec
            if error is not None:
                return number, error
        return number, None

    def end(self) -> None:
        with _quiet():
            self.shell.run_cell("lab.unwatch()")
        InteractiveShell.clear_instance()

    def right(self, name: str) -> Model:
        """Runs a right model; remembers its graph and what `lint` finds in it."""
        if name not in self.models:
            self.begin()
            _number, error = self.run(MODELS[name])
            if error is not None:
                raise AssertionError(f"{name} is not right") from error
            self.models[name] = self._model()
            self.findings[name] = self._lint(MODELS[name][-1])
            _exclude_from_collection()
        return self.models[name]

    def outcome(self, mutant: Mutant) -> Outcome:
        """Runs a mutant, and its edit if there is one."""
        right = self.right(mutant.model) if self.compares else None
        outcome = Outcome(mutant.model, mutant.kind, changed_lines(mutant))
        self.begin()
        number, error = self.run(mutant.cells)
        if error is None:
            if right is not None:
                self._compare(mutant, right, outcome)
            return outcome
        outcome.raised, outcome.error = True, f"{type(error).__name__}: {error}"
        try:
            view = lab.explain(error)
        except ValueError:  # Keras did not raise it
            return outcome
        outcome.seconds = self.seconds
        outcome.of_keras = True
        outcome.said, outcome.rule = view.to_text(), view.mistake.rule
        outcome.has_changes = bool(view.mistake.changes)
        if outcome.has_changes:
            self._mend(mutant, number, view.mended, right, outcome)
        return outcome

    def _mend(
        self,
        mutant: Mutant,
        failed: int,
        mended: dict[str, str],
        right: Model | None,
        outcome: Outcome,
    ) -> None:
        texts = {
            code.text.strip(): new for file, new in mended.items() if (code := Code.of(file))
        }
        cells = [texts.get(cell.strip(), cell) for cell in mutant.cells]
        changed = [n for n, cell in enumerate(cells) if cell != mutant.cells[n]]
        if not changed:
            outcome.after = "The edit changes no cell."
            return
        if _is_right(mutant.model, cells) and failed < len(cells) - 1:
            outcome.runs = outcome.runs_anew = outcome.same_shapes = True
            return
        _number, error = self.run(cells[changed[0] :])
        outcome.runs = outcome.runs_anew = error is None
        if error is not None:
            outcome.after = f"{type(error).__name__}: {error}"
            if failed == len(cells) - 1:
                self.begin()
                outcome.runs_anew = self.run(cells)[1] is None
        if outcome.runs_anew and right is not None:
            outcome.same_shapes = self._model().shapes == right.shapes

    def _compare(self, mutant: Mutant, right: Model, outcome: Outcome) -> None:
        model = self._model()
        outcome.is_equivalent = (model.calls, model.loss) == (right.calls, right.loss)
        findings = self._lint(mutant.cells[-1])
        outcome.said = str(findings)
        outcome.found = tuple(finding.code for finding in findings)

    def _model(self) -> Model:
        model = self.shell.user_ns["model"]
        graph = lab.read_graph(model)
        calls = tuple(
            (call.kind, call.inputs, call.outputs, repr(sorted(call.settings.items())))
            for call in graph.calls
        )
        shapes = Counter(tensor.shape for call in graph.calls for tensor in call.outputs)
        history = getattr(model, "history", None)
        losses = getattr(history, "history", {}).get("loss", [])
        return Model(calls, shapes, [f"{loss:.4g}" for loss in losses])

    def _lint(self, last_cell: str) -> Any:
        model = self.shell.user_ns["model"]
        if "data" not in inspect.signature(lab.lint).parameters:
            return lab.lint(model)
        return lab.lint(model, data=self._data(last_cell))

    def _data(self, last_cell: str) -> tuple[Any, ...] | None:
        """Returns the inputs and targets that the last cell passes to `fit`."""
        for call in filter(_is_fit, ast.walk(ast.parse(last_cell))):
            named = {keyword.arg: keyword.value for keyword in call.keywords}
            nodes = [*call.args, *(named[it] for it in ("x", "y") if it in named)]
            values = (eval(ast.unparse(node), self.shell.user_ns) for node in nodes[:2])
            return tuple(values)
        return None


def _exclude_from_collection() -> None:
    """Excludes all objects from garbage collection, which every new notebook needs twice."""
    gc.collect()
    gc.freeze()


def _is_fit(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and name_of(node) == "fit"


def _is_right(name: str, cells: Sequence[str]) -> bool:
    def tree(cells: Sequence[str]) -> str:
        return ast.dump(ast.parse("\n".join(cells)))

    return tree(cells) == tree(MODELS[name])


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    text = io.StringIO()
    with contextlib.redirect_stdout(text), contextlib.redirect_stderr(text):
        yield


def changed_lines(mutant: Mutant) -> str:
    """Returns the lines that the mutation changes, marked by `-` and `+`."""
    before = "\n".join(MODELS[mutant.model]).splitlines()
    after = "\n".join(mutant.cells).splitlines()
    lines = difflib.unified_diff(before, after, n=0, lineterm="")
    return "\n".join(line for line in lines if line[:2] not in ("--", "++", "@@"))


def outcomes_of_model(job: tuple[str, list[Mutant]]) -> tuple[list[Outcome], str]:
    """Returns the outcomes of a model's mutants, and what `lint` finds in the right model."""
    logging.getLogger("tensorflow").setLevel(logging.ERROR)
    name, mutants = job
    notebook, outcomes = Notebook(), []
    notebook.right(name)
    for mutant in mutants:
        try:
            outcomes.append(notebook.outcome(mutant))
        except Exception as error:  # the run goes on
            failed = Outcome(mutant.model, mutant.kind, changed_lines(mutant), raised=True)
            failed.error = f"THE RUN FAILED: {type(error).__name__}: {error}"
            outcomes.append(failed)
    findings = notebook.findings[name]
    return outcomes, f"{name}: {findings}" if findings else ""
