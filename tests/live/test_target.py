"""Tests for a target graph: built calls turn solid, and differences are shown."""

import keras
import pytest
from keras import layers

from kfunc_lab.lessons.exercises import EXERCISES, target_graph
from kfunc_lab.live.pins import find_variables
from kfunc_lab.live.target import Target
from kfunc_lab.live.tracker import Tracker
from kfunc_lab.live.view import LiveView, SnapshotView


def target_model() -> keras.Model:
    inputs = keras.Input((8,), name="given")
    x = layers.Dense(4, activation="relu")(inputs)
    left, right = layers.Dense(2)(x), layers.Dense(3)(x)
    return keras.Model(inputs, layers.Concatenate()([left, right]))


def view_of(namespace, target) -> SnapshotView:
    tracker = Tracker(namespace)
    try:
        return SnapshotView(tracker.snapshot(), target)
    finally:
        tracker.log.stop()


def marks(view) -> dict:
    return dict(view._layouts.annotations.marks)


def test_target_is_shown_before_anything_is_built():
    live = LiveView(Target(target_model()))
    assert set(marks(live).values()) == {"ghost"}
    assert live.to_text().splitlines()[0] == "0 of 5 calls match the target"


def test_matching_calls_turn_solid_and_others_show_difference():
    target = Target(target_model())
    inputs = keras.Input((8,), name="mine")
    x = layers.Dense(4, activation="tanh", name="hidden")(inputs)
    view = view_of({"inputs": inputs, "x": x}, target)
    assert view.to_text().splitlines()[0] == "1 of 5 calls match the target"
    assert marks(view)["hidden"] == "differs"
    rows = dict(view._layouts.annotations.rows["hidden"])
    assert rows["Difference"] == "activation: tanh, the target has relu"
    assert list(marks(view).values()).count("ghost") == 3
    right = layers.Dense(4, activation="relu", name="right")(inputs)
    view = view_of({"inputs": inputs, "x": right}, target)
    assert view.to_text().splitlines()[0] == "2 of 5 calls match the target"
    assert "right" not in marks(view)


def test_complete_model_turns_every_call_solid():
    target = Target(target_model())
    view = view_of({"model": target_model()}, target)
    assert view.to_text().splitlines()[0] == "5 of 5 calls match the target"
    assert not marks(view)


def test_call_missing_in_target_is_marked():
    inputs = keras.Input((8,), name="mine")
    extra = layers.Dropout(0.5, name="extra")(inputs)
    view = view_of({"x": extra}, Target(target_model()))
    assert marks(view)["extra"] == "extra"


def test_variables_in_nested_containers_are_found():
    tensor = keras.Input((2,), name="t")
    loop: list = [tensor]
    loop.append(loop)
    held = find_variables(
        {"a": {"k": [tensor, (tensor,)]}, "data": list(range(100_000)), "_": tensor, "loop": loop,
         "_3": tensor, "_mine": tensor, "Out": {3: tensor}, "deep": [[[[tensor]]]]}
    )  # fmt: skip
    names = [name for name in held.tensors if not name.startswith("loop[1]")]
    assert names == [
        'a["k"][0]',
        'a["k"][1][0]',
        "loop[0]",
        "_mine",
        "Out[3]",
        "deep[0][0][0][0]",
    ]


def test_target_in_variable_does_not_count_as_built(new_kernel):
    kernel = new_kernel()
    kernel.run(
        """
        import keras, kfunc_lab as lab
        start = keras.Input((8,), name="start")
        goal = keras.Model(start, keras.layers.Dense(2, name="last")(start))
        lab.watch(target=goal);
        """
    )

    def built() -> str:
        watching = "__import__('sys').modules['kfunc_lab.watch.watch']"
        return kernel.text(f"print({watching}._watch.view.to_text().splitlines()[0])")

    assert built() == "0 of 2 calls match the target"
    kernel.run("x = keras.Input((8,), name='mine')")
    assert built() == "1 of 2 calls match the target"
    kernel.run("x = keras.layers.Dense(2)(x)\nmodels = [keras.Model(x, x), goal]")
    assert built() == "2 of 2 calls match the target"
    kernel.run("y = keras.layers.ReLU(name='after')(goal.output)")  # uses the target's output
    assert "after" in kernel.text("print(lab.unwatch().to_text())")


def test_unused_call_counts_once_another_call_uses_it():
    inputs = keras.Input((8,), name="mine")
    namespace = {"inputs": inputs, "other": keras.Sequential([keras.Input((3,))])}
    tracker = Tracker(namespace)
    try:
        tracker.ignore_existing()
        assert tracker.snapshot().graph.calls == ()
        namespace["x"] = layers.Dense(4, activation="relu", name="hidden")(inputs)
        assert [call.id for call in tracker.snapshot().graph.calls] == ["mine", "hidden"]
    finally:
        tracker.log.stop()


@pytest.mark.parametrize(
    "name", ["projected-skip", "two-heads", "tie-the-towers", "code-to-graph"]
)
def test_solution_builds_whole_target_of_exercise(name):
    exercise = EXERCISES[name]
    namespace = {"keras": keras, "layers": layers}
    exec(exercise.solution, namespace)
    view = view_of(namespace, Target(target_graph(name)))
    count = len(target_graph(name).calls)
    assert view.to_text().splitlines()[0] == f"{count} of {count} calls match the target"


def test_exercise_without_target_is_named_in_error():
    with pytest.raises(LookupError, match='"total-loss" has no target'):
        target_graph("total-loss")
