"""Something to move: the controls, the result below them, and what is left without a kernel."""

from fractions import Fraction

import ipywidgets
import numpy as np
import pytest
from kernel import Kernel

import kfunc_lab as lab
from kfunc_lab.lessons.controls import control

WIDGET = "application/vnd.jupyter.widget-view+json"


def shown(view) -> str:
    return "".join(
        output.get("text") or output["data"]["text/plain"]
        for output in view.children[-1].outputs
    )


def test_result_follows_controls():
    view = lab.explore(lambda x, on: x * 2 if on else x, x=(0, 10, 3), on=False)
    number, check = view.children[:2]
    assert shown(view) == "3"
    number.value = 4
    assert shown(view) == "4"
    check.value = True
    assert shown(view) == "8"
    # What stays in the notebook is the first result.
    assert repr(view) == "x = 3, on = False\n3"


@pytest.mark.parametrize(
    ("given", "kind", "value"),
    [
        ((0, 10, 3), ipywidgets.IntSlider, 3),
        ((np.int64(0), 10, 3), ipywidgets.IntSlider, 3),
        ((0, 1, 0.3), ipywidgets.FloatSlider, 0.3),
        ((0, 1, Fraction(1, 4)), ipywidgets.FloatSlider, 0.25),
        (True, ipywidgets.Checkbox, True),
        ("some text", ipywidgets.Text, "some text"),
        (["relu", "tanh"], ipywidgets.Dropdown, "relu"),
        ([None, "relu"], ipywidgets.Dropdown, None),
        ([True, False], ipywidgets.Dropdown, True),
        ([0.001, 0.01, 0.1], ipywidgets.SelectionSlider, 0.001),
    ],
)
def test_kinds_of_controls(given, kind, value):
    it = control("name", given)
    assert (type(it), it.value, it.description) == (kind, value, "name")


@pytest.mark.parametrize(
    "given", [(1, 0, 1), (0, 1, 2), (0, 1), (0, float("nan"), 0), [], None, 3, ("a", "b", "c")]
)
def test_other_controls_are_refused(given):
    with pytest.raises(ValueError, match="`name`"):
        control("name", given)


@pytest.mark.parametrize(
    ("low", "high", "step"), [(0, 1.0, 0.01), (-2.0, 2, 0.02), (0.0, 0.001, 1e-5)]
)
def test_slider_has_a_hundred_round_steps_or_more(low, high, step):
    assert control("x", (low, high, low)).step == pytest.approx(step)


def invert(x):
    print(f"x is {x}")
    result = 1 / x
    return round(result, 2)


def test_failing_function_is_explained_and_goes_on():
    view = lab.explore(invert, x=(-2, 2, 0))
    assert repr(view) == (
        "x = 0\nx is 0\n"
        "With these values `result = 1 / x` fails: ZeroDivisionError: division by zero"
    )
    view.children[0].value = 2
    assert shown(view) == "x is 2\n0.5"


def test_missing_and_unknown_arguments_are_explained():
    assert "missing 1 required positional argument" in repr(lab.explore(invert))
    assert "unexpected keyword argument" in repr(lab.explore(invert, x=(1, 2, 1), y=True))


def test_error_is_escaped():
    def fail(x):
        raise ValueError("<script>alert(1)</script>")

    html = lab.explore(fail, x=True).children[-1].outputs[0]["data"]["text/html"]
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


@pytest.fixture(scope="module")
def kernel():
    kernel = Kernel()
    kernel.run("import kfunc_lab as lab, numpy as np")
    yield kernel
    kernel.client.stop_channels()
    kernel.manager.shutdown_kernel(now=True)


def test_picture_and_text_stay_in_notebook(kernel):
    kernel.run(
        """
        def picture(size):
            print("drawn")
            return lab.pictures(np.zeros((size, 4, 4)))
        """
    )
    [output] = kernel.run("lab.explore(picture, size=(1, 5, 2))")
    assert output["data"]["image/svg+xml"].count("<image") == 2
    assert output["data"]["text/plain"] == "size = 2\ndrawn\n2 images of 4 × 4"
    assert set(output["data"]) == {"image/svg+xml", "text/plain", WIDGET}


def test_displayed_picture_and_function_of_a_notebook_that_fails(kernel):
    [output] = kernel.run(
        """
        def show(x):
            display(lab.pictures(np.zeros((1, 4, 4))))
            return undefined + x
        view = lab.explore(show, x=(0, 5, 1))
        view
        """
    )
    assert "image/svg+xml" in output["data"]
    assert "`return undefined + x` fails: NameError" in output["data"]["text/plain"]


def test_random_state_stays(kernel):
    kernel.run("np.random.seed(1)\nlab.explore(lambda x: x, x=True)")
    fresh = np.random.RandomState(1).random_sample()
    assert kernel.text("print(np.random.random())") == str(fresh)


def test_value_from_another_thread_waits_for_the_cell(kernel):
    kernel.run("runs = []\nview = lab.explore(lambda x: runs.append(x), x=(0, 9, 0))")
    # A page that handles messages on another thread: the run waits for the end of the cell.
    kernel.run(
        """
        import threading
        def move():
            view.children[0].value = 5
        thread = threading.Thread(target=move)
        thread.start(); thread.join()
        during = list(runs)
        """
    )
    assert kernel.text("print(during, runs)") == "[0] [0, 5]"
