"""Cells run statement by statement in a real kernel, with the same effects as without it."""

import re
from textwrap import dedent

import pytest

BUILD = """
inputs = keras.Input((784,), name="img")
x = layers.Dense(64, name="hidden")(inputs)
print("the shape is", x.shape)
x = layers.Dense(10, name="digits")(x)
a, b = x * 2, x + 1; del a
model = keras.Model(inputs, x)
"""
BUILT = """
1. inputs = keras.Input((784,), name="img")
     New: img (InputLayer), 784
     inputs holds the output of img: 784
2. x = layers.Dense(64, name="hidden")(inputs)
     New: hidden (Dense), 64
     x holds the output of hidden: 64
3. print("the shape is", x.shape)
     The graph did not change.
     | the shape is (None, 64)
4. x = layers.Dense(10, name="digits")(x)
     New: digits (Dense), 10
     x moves from hidden to digits: 10
5. a, b = x * 2, x + 1; del a
     New: multiply (Multiply), 10
     New: add (Add), 10
     b holds the output of add: 10
     Lost: multiply
6. model = keras.Model(inputs, x)
     model is a new model, from img to digits
"""
FUNCTION = """
def tower(x, units):
    x = layers.Dense(
        units,
        name=f"dense{units}",
    )(x)
    for rate in (0.1, 0.2):
        x = layers.Dropout(rate)(x)
    return x
"""


def steps(cell: str, options: str = "") -> str:
    return f"%%steps{options}\n{dedent(cell).strip()}"


def text(outputs: list[dict]) -> str:
    return outputs[-1]["data"]["text/plain"]


def plain(traceback: list[str]) -> str:
    return re.sub(r"\x1b\[[\d;]*m", "", "\n".join(traceback))


@pytest.fixture(scope="module")
def kernel(new_kernel):
    kernel = new_kernel()
    kernel.run("import keras, kfunc_lab as lab\nfrom keras import layers")
    return kernel


@pytest.fixture(autouse=True)
def from_the_beginning(kernel):
    kernel.run(
        """
        keras.utils.clear_session(free_memory=False)
        lab.language("en")
        for _name in set(globals()) & {"inputs", "x", "a", "b", "t", "start", "one", "model"}:
            del globals()[_name]
        """
    )


def test_each_step_describes_its_effect(kernel):
    outputs = kernel.run(steps(BUILD))
    assert [it["kind"] for it in outputs] == ["execute_result"]
    assert text(outputs) == BUILT.strip()
    assert "image/svg+xml" in outputs[0]["data"]
    assert "application/vnd.jupyter.widget-view+json" in outputs[0]["data"]


def test_steps_are_described_in_spanish(kernel):
    kernel.run("lab.language('es')")
    said = text(kernel.run(steps(BUILD)))
    assert "Nueva: img (InputLayer), 784" in said
    assert not any(words in said for words in ("New:", "stands", "moves", "Lost", "graph"))


def test_rich_outputs_are_shown_as_usual(kernel):
    cell = """
    from IPython.display import Markdown, display
    display(Markdown("*shown*"))
    1 + 1
    import sys; print("a warning", file=sys.stderr)
    2 + 2
    """
    outputs = kernel.run(steps(cell))
    assert [it["data"]["text/plain"] for it in outputs[1:2]] == ["4"]
    assert outputs[0]["data"]["text/markdown"] == "*shown*"
    assert len(outputs) == 3
    assert "     | a warning" in text(outputs)


def test_progress_is_stored_as_terminal_shows_it(kernel):
    cell = r"print('\r\x1b[1m1/2\x1b[0m', end=''); print('\r\x1b[1m2/2\x1b[0m done')"
    assert text(kernel.run(steps(cell))).splitlines()[-1] == "     | 2/2 done"


def test_into_enters_function_of_another_cell(kernel):
    kernel.run(FUNCTION)
    cell = """
    start = keras.Input((8,), name="start")
    x = tower(start, 4)
    """
    expected = """
    1. start = keras.Input((8,), name="start")
         New: start (InputLayer), 8
         start holds the output of start: 8
    2.   x = layers.Dense( …
           New: dense4 (Dense), 4
           x holds the output of dense4: 4
    3.   for rate in (0.1, 0.2):
           The graph did not change.
    4.   x = layers.Dropout(rate)(x)
           New: dropout (Dropout), 4
           x moves from dense4 to dropout: 4
    5.   for rate in (0.1, 0.2):
           The graph did not change.
    6.   x = layers.Dropout(rate)(x)
           New: dropout_1 (Dropout), 4
           x moves from dropout to dropout_1: 4
    7.   for rate in (0.1, 0.2):
           The graph did not change.
    8.   return x
           The graph did not change.
    9. x = tower(start, 4)
         The graph did not change.
    """
    said = text(kernel.run(steps(cell, " --depth 2")))
    assert said == dedent(expected).strip()
    assert len(text(kernel.run(steps(cell))).splitlines()) < 10  # one step for the call


def test_function_of_same_cell_is_entered(kernel):
    cell = FUNCTION.strip() + "\nstart = keras.Input((8,))\nx = tower(start, 4)"
    kernel.run(steps(cell, " --depth=2"))
    lines = "print([(it.first, it.last, it.is_elsewhere) for it in _.steps][2:5])"
    assert kernel.text(lines) == "[(2, 5, False), (6, 6, False), (7, 7, False)]"


def test_deeper_functions_are_one_step(kernel):
    cell = """
    def inner(x):
        y = x + 1
        return y
    def outer(x):
        z = inner(x)
        return z
    one = keras.Input((3,))
    outer(one);
    """
    kernel.run("def depths(view): print(max(it.depth for it in view.steps))")
    for depth in (1, 2, 3):
        kernel.run(steps(cell, f" --depth {depth}"))
        assert kernel.text("depths(_)") == str(depth)


def test_failing_statement_ends_cell(kernel):
    kernel.run("inputs = keras.Input((784,), name='img')\nafter = 0")
    cell = "before = 1\nlayers.Conv2D(8, 3, name='conv')(inputs)\nafter = 2"
    outputs = kernel.run(steps(cell))
    kinds = [it["kind"] for it in outputs]
    assert kinds == ["display_data", "error", "display_data", "error"]
    mistake, traceback, view, stopped = outputs
    assert plain(stopped["traceback"]) == "The cell stopped at line 2."
    assert "----> 2 layers.Conv2D(8, 3, name='conv')(inputs)" in plain(traceback["traceback"])
    assert "kfunc_lab" not in plain(traceback["traceback"])
    assert view["data"]["text/plain"].endswith("     This statement failed.")
    assert "Reshape" in mistake["data"]["text/plain"]
    assert kernel.text("print(before, after)") == "1 0"
    assert text(kernel.run("lab.explain()")) == mistake["data"]["text/plain"]


def test_traceback_equals_traceback_of_plain_cell(kernel):
    cell = "a = 1\nb = [\n    1 / 0,\n]"
    without = plain(kernel.run(cell)[0]["traceback"])
    within = plain(kernel.run(steps(cell))[0]["traceback"])

    def lines(shown):  # without the number of the cell
        return re.findall(r"line \d+|-+> \d+ .*|ZeroDivisionError: .*", shown)

    assert lines(within) == lines(without)


@pytest.mark.parametrize("cell", ["a = (", "a = 1\nif a:\nb = 2", "return 3"])
def test_syntax_error_is_shown_as_usual(kernel, cell):
    without = plain(kernel.run(cell)[0]["traceback"]).splitlines()[-1]
    outputs = kernel.run(steps(cell))
    assert plain(outputs[0]["traceback"]).splitlines()[-1] == without
    assert outputs[-1]["ename"] == "Stopped"


def test_magics_work_inside_cell(kernel):
    cell = """
    %precision 3
    !echo from the shell
    %time 3.14159
    """
    said = text(kernel.run(steps(cell)))
    assert "     | Wall time" in said
    assert "     | from the shell" in said


def test_namespace_equals_namespace_of_plain_cell(kernel):
    names = "print(sorted(it for it in globals() if not it.startswith('_')))"
    before = kernel.text(names)
    kernel.run(steps(BUILD))
    kernel.run("del inputs, x, b, model")
    assert kernel.text(names) == before
    assert kernel.text("print('steps' in In[-4][:40], In[-3][:3])") == "True del"


def test_random_numbers_are_unchanged(kernel):
    cell = """
    keras.utils.clear_session(free_memory=False)
    keras.utils.set_random_seed(3)
    x = layers.Dense(2)(keras.Input((3,)))
    import random, numpy
    print(random.random(), numpy.random.rand(), float(keras.random.uniform(())))
    """
    printed = kernel.text(cell)
    assert f"     | {printed}" in text(kernel.run(steps(cell)))


def test_steps_keep_no_object_alive(kernel):
    cell = """
    import gc, weakref
    held = layers.Dense(64, name='held')(keras.Input((784,)))
    of_held = weakref.ref(held)
    """
    kernel.run(steps(cell))
    assert kernel.text("del held\ngc.collect()\nprint(of_held())") == "None"


def test_tracing_ends_with_cell(kernel):
    kernel.run(steps("pass", " --depth 2"))
    kernel.run(steps("1 / 0", " --depth 2"))
    now = "import sys\nprint(sys.gettrace(), type(sys.stdout).__name__)"
    assert kernel.text(now) == "None OutStream"


def test_long_loop_in_function_is_shortened(kernel):
    cell = """
    def long():
        total = 0
        for number in range(2_000):
            total += number
        return total
    print(long())
    """
    said = text(kernel.run(steps(cell, " --depth 2")))
    assert "     | 1999000" in said
    assert kernel.text("print(len(_.steps))") == "301"


@pytest.mark.parametrize("options", [" --deep", " --depth", " --depth 0", " --depth x", " 2"])
def test_invalid_options_are_named_in_one_line(kernel, options):
    (said,) = kernel.run(steps("x = 1", options))
    assert said["kind"] == "stream"
    expected = f"UsageError: %%steps takes --depth N, where N is 1 or more; got{options}.\n"
    assert said["text"] == expected


def test_comment_alone_shows_nothing(kernel):
    assert kernel.run(steps("# nothing yet")) == []


def test_hostile_names_are_escaped(kernel):
    said = text(kernel.run(steps("x = keras.Input((3,), name='<b>\\u202e\\n')")))
    assert "\u202e" not in said
    assert "<b>" in said


@pytest.mark.parametrize(
    "broken", ["watch.steps_view.merge_snapshots", "live.tracker.take_snapshot"]
)
def test_failing_view_is_reported_once_and_cell_continues(kernel, broken):
    module, _, name = broken.rpartition(".")
    kernel.run(
        f"""
        import importlib
        broken = importlib.import_module("kfunc_lab.{module}")
        whole = broken.{name}
        def fail(*arguments, **named):
            raise OSError("no room")
        broken.{name} = fail
        """
    )
    try:
        outputs = kernel.run(steps("print('one')\nt = keras.Input((3,))\nprint('two')\n40 + 2"))
    finally:
        kernel.run(f"broken.{name} = whole")
    value, *streams = outputs
    assert value["data"]["text/plain"] == "42"
    printed = dict.fromkeys(("stdout", "stderr"), "")
    for stream in streams:
        printed[stream["name"]] += stream["text"]
    assert printed["stdout"] == "one\ntwo\n"
    assert printed["stderr"].count("\n") == 1
    assert "OSError: no room" in printed["stderr"]
    assert kernel.text("print(t.shape)") == "(None, 3)"


def test_steps_work_while_notebook_is_watched(kernel):
    kernel.run("lab.watch();")
    try:
        assert text(kernel.run(steps(BUILD))) == BUILT.strip()
        kinds = [
            it["kind"] for it in kernel.run(steps("layers.Flatten(x)\nlayers.Dense(x)(x)"))
        ]
        assert kinds.count("error") == 2
        grown = text(kernel.run("lab.unwatch()"))
    finally:
        kernel.run("lab.unwatch();")
    assert "x is the output of digits: (None, 10)" in grown


def test_undrawable_mistake_is_reported_in_one_line(kernel):
    kernel.run(
        """
        import kfunc_lab.mistakes.view as broken
        whole = broken.failed_graph
        def fail(*arguments):
            raise OSError("no room")
        broken.failed_graph = fail
        """
    )
    try:
        outputs = kernel.run(steps("layers.Flatten(keras.Input((3,)))"))
    finally:
        kernel.run("broken.failed_graph = whole")
    said = [it["text"] for it in outputs if it["kind"] == "stream"]
    assert len(said) == 1
    assert "OSError: no room" in said[0]
    assert [it["ename"] for it in outputs if it["kind"] == "error"] == ["ValueError", "Stopped"]
