"""A cell run statement by statement, scrubbed in the page."""

import pytest

CELLS = [
    "import kfunc_lab as lab, keras\nfrom keras import layers",
    "def block(x, units):\n"
    "    x = layers.Dense(units, name=f'dense{units}')(x)\n"
    "    return layers.ReLU(name=f'relu{units}')(x)",
    "%%steps --depth 2\n"
    "inputs = keras.Input((784,), name='img')\n"
    "x = layers.Dense(64, name='hidden')(inputs)\n"
    "print('the shape is', x.shape)\n"
    "x = block(x, 32)\n"
    "outputs = layers.Dense(10, name='digits',\n"
    "                       activation='softmax')(x)\n"
    "extra = layers.Dense(3, name='dropped')(x)\n"
    "extra = None\n"
    "model = keras.Model(inputs, outputs)",
    "%%steps\ny = layers.Conv2D(8, 3)(inputs)\nz = 3",
]


@pytest.fixture(scope="module", params=["light", "dark"])
def page(request, module_notebook):
    page = module_notebook(CELLS, dark=request.param == "dark", run=False)
    page.theme = request.param
    page.locator(".jp-Notebook .jp-Cell").first.click()
    for _cell in CELLS:
        page.keyboard.press("Shift+Enter")
    page.locator(".kfunc-lab-steps").nth(1).wait_for(timeout=120_000)
    return page


def test_shot(page, picture):
    steps = page.locator(".kfunc-lab-steps").first
    page.wait_for_timeout(1500)
    page.locator("g.mark-wrong").scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    picture(page.locator("#main"), f"steps-mistake-{page.theme}")
    picture(steps, f"steps-{page.theme}")
    steps.locator("input[type=range]").focus()
    page.keyboard.press("Home")
    for n in range(5):
        page.wait_for_timeout(300)
        picture(steps, f"steps-{n}-{page.theme}")
        page.keyboard.press("ArrowRight")
    page.set_viewport_size({"width": 700, "height": 900})
    page.wait_for_timeout(500)
    picture(page.locator("#main"), f"steps-narrow-{page.theme}")
    page.set_viewport_size({"width": 1280, "height": 900})
