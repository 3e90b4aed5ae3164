"""Watching a notebook in a real kernel: the graph after each statement."""

import re

import pytest

# Cells of the course, each with the state after each of its statements: how many calls there
# are, and which call each variable refers to.
CELLS = [
    (
        """
        inputs = keras.Input((784,), name="img")
        x = layers.Dense(64, activation="relu", name="hidden")(inputs)
        x = layers.Dense(64, activation="relu", name="again")(x)
        outputs = layers.Dense(10, name="digits")(x)
        model = keras.Model(inputs, outputs)
        """,
        [
            (1, {"inputs": "img"}),
            (2, {"inputs": "img", "x": "hidden"}),
            (3, {"inputs": "img", "x": "again"}),
            (4, {"inputs": "img", "x": "again", "outputs": "digits"}),
            (4, {"inputs": "img", "x": "again", "outputs": "digits"}),
        ],
    ),
    (
        """
        del inputs, x, outputs
        del model
        """,
        [(4, {}), (0, {})],
    ),
    (  # a loop, a comprehension, and a function
        """
        image = keras.Input((8, 8, 3), name="image")
        x = image
        for number in range(3):
            x = layers.Conv2D(4, 3, padding="same", name=f"conv{number}")(x)
        towers = [layers.Dense(2, name=f"tower{n}")(x) for n in range(2)]
        def block(tensor, name):
            inner = layers.ReLU(name=f"{name}_relu")(tensor)
            return layers.Add(name=f"{name}_add")([tensor, inner])
        x = block(x, "first")
        heads = {"a": x, "b": image}
        """,
        [
            (1, {"image": "image"}),
            (1, {"image": "image", "x": "image"}),
            (4, {"image": "image", "x": "conv2"}),
            (6, {"image": "image", "x": "conv2", "towers[0]": "tower0", "towers[1]": "tower1"}),
            (6, {"image": "image", "x": "conv2", "towers[0]": "tower0", "towers[1]": "tower1"}),
            (
                8,
                {"image": "image", "x": "first_add", "towers[0]": "tower0", "towers[1]": "tower1"},
            ),
            (
                8,
                {
                    "image": "image", "x": "first_add", "towers[0]": "tower0",
                    "towers[1]": "tower1", 'heads["a"]': "first_add", 'heads["b"]': "image",
                },
            ),
        ],
    ),
    (  # a shared layer, raw operations, several outputs
        """
        del image, x, towers, heads
        left, right = keras.Input((5,), name="left"), keras.Input((5,), name="right")
        shared = layers.Embedding(100, 4, mask_zero=True, name="words")
        pair = shared(left), shared(right)
        sequence, h, c = layers.LSTM(3, return_state=True, name="lstm")(pair[0])
        scaled = sequence * 2 + 1
        """,
        [
            (0, {}),
            (2, {"left": "left", "right": "right"}),
            (2, {"left": "left", "right": "right"}),
            (4, {"left": "left", "right": "right", "pair[0]": "words", "pair[1]": "words#2"}),
            (
                5,
                {
                    "left": "left", "right": "right", "pair[0]": "words",
                    "pair[1]": "words#2", "sequence": "lstm", "h": "lstm", "c": "lstm",
                },
            ),
            (
                7,
                {
                    "left": "left", "right": "right", "pair[0]": "words",
                    "pair[1]": "words#2", "sequence": "lstm", "h": "lstm", "c": "lstm",
                    "scaled": "add",
                },
            ),
        ],
    ),
    (  # models called in models, made in functions
        """
        del left, right, pair, sequence, h, c, scaled
        def make():
            a = keras.Input((3,), name="a")
            return keras.Model(a, layers.Dense(1, name="one")(a), name="inner")
        members = [make(), make()]
        b = keras.Input((3,), name="b")
        average = layers.average([member(b) for member in members])
        keras.utils.clear_session()
        c = layers.Dense(2)(average)
        """,
        [
            (0, {}),
            (0, {}),
            (4, {}),
            (5, {"b": "b"}),
            (10, {"b": "b", "average": "average"}),
            (10, {"b": "b", "average": "average"}),
            (11, {"b": "b", "average": "average", "c": "dense"}),
        ],
    ),
]  # fmt: skip


@pytest.fixture(autouse=True)
def only_what_a_test_makes(followed):
    yield
    followed.run(
        "for _n in set(globals()) - {'keras', 'layers', 'ops'}:\n"
        "    if not _n.startswith('_') and _n not in get_ipython().user_ns_hidden:\n"
        "        del globals()[_n]\ndel _n"
    )
    followed.states()


def test_calls_and_pins_are_correct_after_every_statement(followed):
    for code, expected in CELLS:
        followed.run(code)
        states = followed.states()[: len(expected)]
        found = [(len(state["calls"]), state["pins"]) for state in states]
        assert found == expected, code
    followed.run("del b, average, c, members")
    assert followed.states()[0]["calls"] == []


def test_lost_call_names_statement_that_lost_it(followed):
    followed.run(
        """
        i = keras.Input((4,), name="i")
        y = layers.Dense(2, name="overwritten")(i)
        layers.Dense(3, name="dropped")(i)
        kept = layers.Dense(3, name="kept")(i)
        y = (
            layers.Dense(5, name="second")(kept)
        )
        """
    )
    state = followed.states()[-1]
    assert state["lost"] == {
        "dropped": 'layers.Dense(3, name="dropped")(i)',
        "overwritten": 'y = (\n    layers.Dense(5, name="second")(kept)\n)',
    }
    assert state["rows"]["overwritten"]["Lost by"].startswith("y = (")


def test_each_call_has_its_cell_and_statement(followed):
    followed.run(
        "def tower(t):\n    u = layers.Dense(2,\n        name='deep')(t)\n    return u"
    )
    followed.run("i = keras.Input((4,), name='i')\nfor n in range(1):\n    z = tower(i)")
    state = followed.states()[-1]
    assert state["rows"]["i"]["Made by"] == "i = keras.Input((4,), name='i')"
    assert state["rows"]["deep"]["Made by"] == "u = layers.Dense(2,\n    name='deep')(t)"
    called, where = state["rows"]["deep"]["Called from"].split("\n")
    assert called == "z = tower(i)"
    cell = re.fullmatch(r"cell \[(\d+)\], line 3", where)[1]
    assert state["cells"][cell] == ["i", "deep"]
    shown = followed.run("get_ipython().execution_count")  # of this cell or of the next
    assert int(shown[0]["execution_count"]) - 2 == int(cell)  # `states` ran a cell in between


def test_calls_of_earlier_run_fade_and_disappear(followed):
    followed.run("i = keras.Input((4,), name='i')", "one")
    followed.run("d = layers.Dense(2, name='d')(i)", "two")
    followed.run("e = layers.Dense(2, name='e')(d)", "three")
    followed.states()
    followed.run("d = layers.Dense(3, name='d')(i)", "two")
    state = followed.states()[0]
    assert state["calls"] == ["i", "d", "e", "d~2"]
    assert state["earlier"] == ["d"]  # the call of `e` still depends on it
    followed.run("e = layers.Dense(2, name='e')(d)", "three")
    assert followed.states()[0]["calls"] == ["i", "d", "e"]


def test_deleted_model_removes_its_calls(followed):
    followed.run("i = keras.Input((4,), name='i')\nm = keras.Model(i, layers.Dense(2)(i))")
    assert len(followed.states()[1]["calls"]) == 2
    followed.run("del m")
    state = followed.states()[0]
    assert len(state["lost"]) == 1
    assert set(state["lost"].values()) <= {"del m", "m = keras.Model(i, layers.Dense(2)(i))"}


def test_calls_of_model_on_own_input_are_shown(followed):
    followed.run(
        "i = keras.Input((4,), name='i')\nm = keras.Model(i, layers.Dense(4)(i))\nn = m(i)"
    )
    state = followed.states()[-1]
    assert len(state["calls"]) == 4
    assert not state["lost"]


@pytest.mark.parametrize("magic", ["%%time", "%%capture", "%%timeit -n1 -r1"])
def test_cells_with_magics_are_watched(followed, magic):
    followed.run(f"{magic}\nq = keras.Input((4,), name='q')\nr = layers.Dense(2, name='r')(q)")
    pins = followed.states()[-1]["pins"]
    assert pins == ({} if "timeit" in magic else {"q": "q", "r": "r"})


# ---------------------------------------------------------------------------------------------
# The user's objects are unchanged

ORDINARY = [
    "import numpy, random, keras\nfrom keras import layers\nkeras.utils.set_random_seed(1)",
    "i = keras.Input((4,), name='i')\nx = layers.Dense(3, activation='relu', name='x')(i)\nx",
    "outs = [layers.Dense(2, name=f'o{n}')(x) for n in range(3)]\nm = keras.Model(i, outs)\nm.name",
    "%%time\ny = layers.Dense(3)(x)\nlen(outs)",
    "%%time\nlen(outs)",
    "%%capture said\nprint('said')\ny = 1",
    "said.stdout\ny;",
    "for n in range(2):\n    print(n)\nn",
    "print(random.random(), numpy.random.rand(), keras.random.uniform((1,)).numpy())",
    "def broken():\n    a = layers.Dense(2)(i)\n    return layers.Conv2D(2, 3, name='c')(a)",
    "z = 1\nb = broken()\nz = 2",
    "z",
    "1 / 0",
    "layers.Dense(i)",
    "m.summary()",
    "from __future__ import annotations\nsorted(n for n in globals() if not n.startswith('_'))",
    "%%time\n'About the cell'\nfrom __future__ import annotations\nlen(outs)",
    "%%time\n1 / 0",
    "m.predict(numpy.zeros((2, 4)), verbose=0)[0].shape",
    "%timeit -n1 -r1 -q y = 2",
    "'unfinished",
    "raise KeyboardInterrupt",
    "import warnings; warnings.warn('careful')",
]


def _comparable(outputs: list[dict]) -> list:
    """Return outputs without times, addresses and file names, which differ between runs."""

    def clean(text):
        text = re.sub(r"(CPU times|Wall time).*", r"\1", text)
        text = re.sub(r"0x[0-9a-f]+|ipykernel_\d+(/\d+\.py)?|In\s?\[\d+\]", "", text)
        return re.sub(r"\x1b\[[0-9;]*m", "", text)

    found = []
    for it in outputs:
        texts = it.get("traceback") or [it.get("text") or it.get("data", {}).get("text/plain")]
        found.append((it["kind"], clean("\n".join(map(str, texts)))))
    return found


@pytest.fixture(scope="module")
def plain(new_kernel):
    """Return a kernel without a watcher."""
    return new_kernel()


@pytest.fixture(scope="module")
def watched(new_kernel):
    """Return a kernel with an ordinary watcher that does not record every statement."""
    return new_kernel()


# This test comes first in both kernels, because it compares all their names.
def test_watching_adds_only_the_view(plain, watched):
    plain.run("0")
    watched.run("from kfunc_lab.watch.watch import watch\nwatch()\ndel watch")
    for code in ORDINARY:
        expected, found = _comparable(plain.run(code)), _comparable(watched.run(code))
        if expected and expected[-1][0] == "error":  # an explanation may follow
            found = [it for it in found if it[0] != "display_data"]
        assert found == expected, code
    assert watched.text("import kfunc_lab as lab\nprint(lab.unwatch().to_text())").startswith(
        "so far"
    )


def test_watcher_failure_is_reported_once_and_stops_nothing(watched):
    watched.run(
        "import keras, kfunc_lab as lab\nfrom kfunc_lab.live import tracker\nlab.watch();"
    )
    watched.run(
        "def fail(*_, **__): raise LookupError('no\\nway')\n"
        "tracker.take_snapshot, take_snapshot = fail, tracker.take_snapshot"
    )
    outputs = watched.run("i = keras.Input((3,))\nprint(1)\nx = keras.layers.Dense(2)(i)\n7")
    said = [it for it in outputs if it.get("name") == "stderr"]
    assert [it["text"] for it in said] == [
        "The view of the graph failed (LookupError: no); your code is not affected.\n"
    ]
    assert outputs[-1]["kind"] == "execute_result" or outputs[-2]["kind"] == "execute_result"
    assert watched.text("y = keras.layers.Dense(2)(x)\nprint(y.shape)") == "(None, 2)"
    assert "SnapshotView" in watched.text("print(type(lab.unwatch()))")
    watched.text("tracker.take_snapshot = take_snapshot")


def test_explanation_failure_is_reported_once(watched):
    watched.run(
        "import keras, kfunc_lab as lab\nfrom kfunc_lab.mistakes import view\nlab.watch();"
    )
    watched.run(
        "def fail(*_, **__): raise LookupError('no\\nway')\n"
        "view.view_of, view_of = fail, view.view_of"
    )
    for reports in (1, 0):
        error, *said = watched.run("keras.layers.Dense(-1)")
        assert (error["kind"], error["ename"]) == ("error", "ValueError")
        assert [it["text"] for it in said] == reports * [
            "The view of the graph failed (LookupError: no); your code is not affected.\n"
        ]
    watched.text("lab.unwatch()\nview.view_of = view_of")


def test_watcher_handles_5000_calls_in_loop(watched):
    watched.run("import keras, kfunc_lab as lab\nview = lab.watch()")
    watched.run("x = keras.Input((4,))\nfor _ in range(5_000): x = keras.layers.Identity()(x)")
    levels, items = watched.text("print(len(view._levels), len(view._items))").split()
    assert int(levels) >= 1
    assert int(items) < 100
    watched.run("lab.unwatch()\ndel x, view")


def test_watcher_keeps_nothing_alive_over_200_runs(plain, watched):
    (objects, grown), (plain_objects, plain_grown) = (
        _after_200_runs(kernel, kernel is watched) for kernel in (watched, plain)
    )
    assert objects == plain_objects == 0
    assert grown < plain_grown + 10_000_000


def _after_200_runs(kernel, is_watched: bool) -> tuple[int, int]:
    """Return how many more tensors, layers and bytes there are."""
    kernel.run("import gc, keras, psutil, kfunc_lab as lab")
    kernel.run("view = lab.watch()" if is_watched else "view = None")
    cell = (
        "i = keras.Input((8,))\nx = keras.layers.Dense(8)(i)\nx = keras.layers.Dense(8)(x)\n"
        "m = keras.Model(i, x)"
    )
    count = (
        "gc.collect()\n"
        "print(sum(type(it).__name__ in ('KerasTensor', 'Dense') for it in gc.get_objects()),"
        " psutil.Process().memory_info().rss)"
    )
    for _ in range(20):
        kernel.run(cell, "same")
    before = list(map(int, kernel.text(count).split()))
    for _ in range(200):
        kernel.run(cell, "same")
    after = list(map(int, kernel.text(count).split()))
    return after[0] - before[0], after[1] - before[1]
