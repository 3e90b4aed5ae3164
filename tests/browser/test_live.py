"""The graph beside a notebook grows as cells are written."""

import pytest
from real_jupyterlab import run_cells

CELLS = [
    "import kfunc_lab as lab, keras\nfrom keras import layers\nlab.watch()",
    "inputs = keras.Input((28, 28, 1), name='img')",
    "x = layers.Conv2D(16, 3, name='conv')(inputs)",
    "x = layers.MaxPooling2D(2, name='pool')(x)",
    "lost = layers.Dense(2, name='dropped')(x)\nlost = None",
    "y = layers.Flatten(x)",
    "# 80 columns".ljust(80, "."),
]


def beside(page, name):
    return page.locator(f'.kfunc-lab-live.beside [data-item="{name}"]')


def run(page):
    page.keyboard.press("Shift+Enter")


def begin(page):
    """Runs the first cell."""
    page.locator(".jp-Notebook .jp-Cell").first.click()
    run(page)


@pytest.fixture
def page(theme, shared_notebook):
    return shared_notebook(
        CELLS, dark=theme == "dark", run=begin, until=".kfunc-lab-live.beside"
    )


def shows_whole_graph(page) -> bool:
    """Tells whether the panel's picture fits in its box, centred."""
    return page.locator(".beside .kfunc-lab-picture").evaluate(
        """box => {
            const [out, all] = [box, box.firstChild].map((it) => it.getBoundingClientRect());
            const left = all.left - out.left, right = out.left + box.clientWidth - all.right;
            const isInside = all.top >= out.top && all.bottom <= out.bottom && left >= 0;
            return isInside && Math.abs(left - right) < 2;
        }"""
    )


def pins(page, name) -> list[str]:
    return beside(page, name).locator(".pin-name").all_text_contents()


def test_graph_grows_with_notebook(page, picture):
    panel = page.locator(".kfunc-lab-live.beside")
    assert "inputs = keras.Input((784,))" in panel.inner_text()  # before anything is there
    inline = page.locator(".jp-Notebook .kfunc-lab-docked")
    inline.wait_for()  # the panel may be there first
    run(page)
    beside(page, "img").wait_for()
    assert pins(page, "img") == ["inputs"]
    run(page)
    beside(page, "conv").wait_for()
    assert pins(page, "conv") == ["x"]
    before = beside(page, "img").bounding_box()
    run(page)
    beside(page, "pool").wait_for()
    page.locator(".beside .trail").wait_for(state="attached")  # the pin has moved
    assert (pins(page, "conv"), pins(page, "pool")) == ([], ["x"])
    beside(page, "img").element_handle().wait_for_element_state("stable")
    assert abs(beside(page, "img").bounding_box()["y"] - before["y"]) < 2
    assert "fresh" in beside(page, "pool").get_attribute("class")
    run(page)
    beside(page, "dropped").wait_for()
    assert "lost" in beside(page, "dropped").get_attribute("class").split()
    assert "dropped was lost by: lost = None" in panel.inner_text()
    beside(page, "dropped").click()
    details = panel.locator(".kfunc-lab-details").inner_text()
    assert "lost = layers.Dense(2, name='dropped')(x)" in details
    assert shows_whole_graph(page)
    picture(page.locator("#main"), "live")


def test_active_cell_highlights_its_calls(page):
    page.locator(".jp-Notebook .jp-Cell .cm-content").nth(3).click()
    page.locator('.beside .of-cell[data-item="pool"]').wait_for()
    assert page.locator(".beside .of-cell").count() == 1


def test_panel_leaves_room_for_code(page, theme, picture):
    panel, drawing = (
        page.locator(".kfunc-lab-panel"),
        page.locator(".beside .kfunc-lab-picture"),
    )
    line = page.locator(".jp-Notebook .cm-scroller", has_text="80 columns")
    assert len(line.inner_text()) == 80
    assert line.evaluate("it => it.scrollWidth <= it.clientWidth")
    assert "beside" in panel.get_attribute("class").split()
    page.set_viewport_size({"width": 900, "height": 900})
    page.locator(".kfunc-lab-panel:not(.beside)").wait_for()
    assert shows_whole_graph(page)
    picture(page.locator("#main"), f"live-narrow-{theme}")
    page.set_viewport_size({"width": 1280, "height": 900})
    page.locator(".kfunc-lab-panel.beside").wait_for()
    before = drawing.bounding_box()["width"]
    page.get_by_role("separator", name="Size of the graph").focus()
    page.keyboard.press("ArrowLeft")
    assert drawing.bounding_box()["width"] > before
    page.keyboard.press("ArrowRight")


def test_mistake_is_drawn_above_folded_traceback(page, picture):
    page.locator(".jp-Notebook .jp-Cell .cm-content").nth(5).click()
    run(page)
    wrong = page.locator(".jp-Notebook g.mark-wrong")
    wrong.wait_for()
    drawn = page.locator("g.mark-wrong")
    view = page.locator(".jp-Notebook .kfunc-lab-mistake", has=drawn)
    assert "layers.Flatten()(x)" in view.locator("code").all_inner_texts()
    assert page.locator(".jp-Notebook .jp-RenderedText", has_text="ValueError").count() >= 1
    picture(page.locator("#main"), "mistake")


def test_views_are_accessible(page):
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page, context=".kfunc-lab-live.beside")
    assert found.violations_count == 0, found.generate_report()


def test_view_can_be_shown_in_notebook(page):
    page.get_by_role("button", name="Show it here").click()
    page.locator('.jp-Cell .kfunc-lab-live [data-item="conv"]').wait_for()
    assert page.locator(".kfunc-lab-panel").count() == 0
    page.get_by_role("button", name="Show it beside the notebook").click()
    beside(page, "conv").wait_for()


def test_notebook_has_one_panel_while_a_kernel_follows_it(open_notebook):
    begin = "import kfunc_lab as lab\nlab.watch()"
    page = open_notebook([begin, "lab.watch()", "lab.graph.__name__"])
    run_cells(page)
    panels = page.locator(".kfunc-lab-panel")
    panels.first.wait_for()
    assert panels.count() == 1
    page.evaluate("() => { jupyterapp.commands.execute('kernelmenu:restart'); }")
    page.locator(".jp-Dialog .jp-mod-accept").click()
    panels.wait_for(state="detached")
    run_cells(page)
    panels.first.wait_for()
    assert panels.count() == 1
    assert page.problems == []

    page = open_notebook.reload()  # without the outputs, which were not saved
    panels = page.locator(".kfunc-lab-panel")
    panels.wait_for()
    run_cells(page)
    panels.first.wait_for()
    assert panels.count() == 1
    page.evaluate("() => jupyterapp.commands.execute('docmanager:save')")

    page = open_notebook.reopen()
    panels = page.locator(".kfunc-lab-panel")
    page.locator(".jp-Cell .kfunc-lab-live .kfunc-lab-title").first.wait_for()  # as saved
    assert panels.count() == 0
    run_cells(page)
    panels.first.wait_for()
    assert panels.count() == 1
    open_notebook.end_kernel()
    panels.wait_for(state="detached")
    assert page.problems == []


def test_target_is_built_step_by_step(open_notebook, theme, picture):
    cells = [
        "import kfunc_lab as lab, keras\nfrom keras import layers\n"
        "i = keras.Input((8,), name='given')\nh = layers.Dense(4, name='hidden')(i)\n"
        "target = keras.Model(i, layers.Dense(2, name='last')(h))\nlab.watch(target=target)",
        "inputs = keras.Input((8,), name='mine')\nx = layers.Dense(3, name='wrong')(inputs)",
    ]
    page = open_notebook(cells, dark=theme == "dark")
    page.locator(".jp-Notebook .jp-Cell").first.click()
    run(page)
    page.locator(".beside g.call.mark-ghost").nth(2).wait_for(timeout=120_000)
    run(page)
    beside(page, "wrong").wait_for()
    assert page.locator(".beside g.call.mark-ghost").count() == 1
    assert page.locator(".beside g.edge.mark-ghost").count() == 1
    assert "mark-differs" in beside(page, "wrong").get_attribute("class")
    beside(page, "wrong").click()
    panel = page.locator(".kfunc-lab-live.beside")
    assert "units: 3, the target has 4" in panel.inner_text()
    assert "1 of 3 calls match the target" in panel.inner_text()
    assert shows_whole_graph(page)
    picture(page.locator("#main"), f"target-{theme}")
