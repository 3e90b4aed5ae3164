"""The page shows each step of a cell that runs statement by statement."""

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
    "%%steps\n"
    "numbers = keras.Input((16,), name='numbers')\n"
    "m = keras.Model(numbers, layers.Dense(8, name='dense')(numbers), name='m')\n"
    "a = keras.Input((16,), name='a')\n"
    "y = m(a)",
    "%%steps\ny = layers.Conv2D(8, 3)(inputs)\nz = 3",
]


def run(page):
    """Run the cells; the last one fails."""
    page.locator(".jp-Notebook .jp-Cell").first.click()
    for _cell in CELLS:
        page.keyboard.press("Shift+Enter")


@pytest.fixture
def page(theme, shared_notebook):
    last = ":nth-match(.kfunc-lab-steps, 3)"
    return shared_notebook(CELLS, dark=theme == "dark", run=run, until=last)


def seen(page) -> list[str]:
    """Return the calls that are visible at the step."""
    boxes = steps(page).locator("[data-item]:not(.unseen)")
    return [
        it
        for it in boxes.evaluate_all("all => all.map((it) => it.dataset.item)")
        if "/" not in it
    ]


def steps(page):
    return page.locator(".kfunc-lab-steps").first


def places(page) -> list[str]:
    boxes = steps(page).locator("[data-item]")
    return boxes.evaluate_all("all => all.map((it) => it.getAttribute('transform'))")


def current(page) -> str:
    return "".join(steps(page).locator(".kfunc-lab-code .current code").all_inner_texts())


def pins(page, name) -> list[str]:
    box = steps(page).locator(f'[data-item="{name}"]:not(.unseen)')
    return box.locator(".pin-name").all_text_contents()


def said(page) -> str:
    return steps(page).locator(".kfunc-lab-said").inner_text()


def test_last_step_is_shown_first(page, theme, picture):
    assert steps(page).locator(".kfunc-lab-count").inner_text() == "10 / 10"
    assert seen(page) == ["img", "hidden", "dense32", "relu32", "digits", "dropped"]
    assert current(page) == "model = keras.Model(inputs, outputs)"
    assert said(page) == "model is a new model, from img to digits"
    picture(steps(page), f"steps-{theme}")


def test_keyboard_changes_step(page, theme, picture):
    slider = steps(page).get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    assert (seen(page), current(page)) == (["img"], "inputs = keras.Input((784,), name='img')")
    place = places(page)
    page.keyboard.press("ArrowRight")
    assert (seen(page), pins(page, "hidden")) == (["img", "hidden"], ["x"])
    assert slider.get_attribute("aria-valuetext") == "step 2 of 10"
    page.keyboard.press("ArrowRight")
    assert "the shape is (None, 64)" in said(page)
    page.keyboard.press("ArrowRight")  # in the function of another cell
    assert current(page) == "x = block(x, 32)"
    assert "name=f'dense{units}')(x)" in said(page)
    assert (pins(page, "hidden"), pins(page, "dense32")) == ([], ["x"])
    assert places(page) == place  # all keep theirs
    picture(steps(page), f"steps-function-{theme}")
    page.keyboard.press("End")
    assert "dropped" in seen(page)
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")  # before `extra = None`
    dropped = steps(page).locator('[data-item="dropped"]')
    assert "lost" not in dropped.get_attribute("class").split()
    page.keyboard.press("ArrowRight")
    assert "lost" in dropped.get_attribute("class").split()
    assert "Lost: dropped" in said(page)


def test_buttons_and_lines_select_step(page):
    steps(page).locator(".kfunc-lab-code li").nth(1).click()
    assert seen(page) == ["img", "hidden"]
    steps(page).get_by_role("button", name="Previous step").click()
    assert seen(page) == ["img"]
    assert steps(page).get_by_role("button", name="Previous step").is_disabled()
    steps(page).get_by_role("button", name="Next step").click()
    assert seen(page) == ["img", "hidden"]


def test_visible_call_can_be_selected(page):
    steps(page).locator('[data-item="hidden"]').click()
    assert "50,240" in steps(page).locator(".kfunc-lab-details").inner_text()


def test_called_model_is_shown_from_its_call_on(page, theme, picture):
    nested = page.locator(".kfunc-lab-steps").nth(1)
    frames = nested.locator(".frame:not(.unseen)")
    lines = nested.locator('.edge[data-target="m"]:not(.unseen)')
    assert (frames.count(), lines.count()) == (1, 1)
    assert "use 2 of 2" in nested.locator('[data-item="m/dense"]:not(.unseen)').text_content()
    picture(nested, f"steps-nested-{theme}")
    nested.get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert (frames.count(), lines.count()) == (0, 0)
    assert "use" not in nested.locator('[data-item="dense"]:not(.unseen)').text_content()
    picture(nested, f"steps-before-call-{theme}")


def test_failing_statement_is_marked_and_explained(page, theme, picture):
    failed = page.locator(".kfunc-lab-steps").nth(2)
    assert failed.locator(".failed code").inner_text() == "y = layers.Conv2D(8, 3)(inputs)"
    wrong = page.locator("g.mark-wrong")
    wrong.scroll_into_view_if_needed()
    picture(page.locator("#main"), f"steps-mistake-{theme}")


def test_view_is_accessible(page):
    check_accessible(page, ".jp-Cell:nth-child(3) .kfunc-lab-steps")


def check_accessible(page, place):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=place)
    assert found.violations_count == 0, found.generate_report()


def test_narrow_page_stacks_parts(page, theme, picture):
    page.set_viewport_size({"width": 800, "height": 1200})
    side, graph = (
        steps(page).locator(name).bounding_box()
        for name in (".kfunc-lab-side", ".kfunc-lab-holder-of-graph")
    )
    assert graph["y"] >= side["y"] + side["height"]
    picture(page.locator("#main"), f"steps-narrow-{theme}")
    page.set_viewport_size({"width": 1280, "height": 900})


def test_saved_page_changes_step_without_kernel(browser, tmp_path, theme, picture):
    from IPython.core.interactiveshell import InteractiveShell

    shell = InteractiveShell.instance()
    try:
        shell.run_cell("import keras, kfunc_lab as lab\nfrom keras import layers", silent=True)
        shell.user_ns["lab"].load_ipython_extension(shell)
        shell.run_cell(CELLS[1])
        shell.run_cell(CELLS[2])
        shell.user_ns["_"].save(tmp_path / "steps.html")
    finally:
        InteractiveShell.clear_instance()
    context = browser.new_context(color_scheme=theme, viewport={"width": 1200, "height": 800})
    page = context.new_page()
    asked, problems = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((tmp_path / "steps.html").as_uri())
    steps(page).get_by_role("slider").focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    assert (seen(page), pins(page, "hidden")) == (["img", "hidden"], ["x"])
    picture(page, f"steps-saved-{theme}")
    check_accessible(page, ".kfunc-lab-steps")
    assert [url for url in asked if not url.startswith("file:")] == []
    assert problems == []
    context.close()
