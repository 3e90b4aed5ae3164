"""Folding, searching and saving on the page: by mouse, by keyboard alone, and without a kernel."""

import re
import xml.etree.ElementTree as ET

import pytest

SVG = "{http://www.w3.org/2000/svg}"

CODE = [
    """
import keras
from keras import layers
import kfunc_lab as lab
inputs = keras.Input((16, 16, 3), name="photo")
x = layers.Conv2D(8, 3, padding="same", name="stem")(inputs)
for stage in (1, 2):
    for block in range(1, 13):
        name = f"stage{stage}_block{block}"
        y = layers.Conv2D(8, 3, padding="same", name=f"{name}_a_conv")(x)
        y = layers.BatchNormalization(name=f"{name}_a_bn")(y)
        y = layers.ReLU(name=f"{name}_a_relu")(y)
        y = layers.Conv2D(8, 3, padding="same", name=f"{name}_b_conv")(y)
        y = layers.BatchNormalization(name=f"{name}_b_bn")(y)
        x = layers.Add(name=f"{name}_add")([x, y])
        x = layers.ReLU(name=f"{name}_relu")(x)
x = layers.Flatten(name="<script>document.title='broken'")(x)
twice = layers.Dense(8, name="twice")
x = twice(layers.Dense(8, name='100% "quoted" \\\\\\\\ \\u202eback')(twice(layers.Dense(8)(x))))
model = keras.Model(inputs, layers.Dense(10, name="classes")(x), name="net")
view = lab.graph(model)
view
""",
    "print(view.opened, repr(view.selected))",
    "print(open('static.svg', 'w').write(view.to_svg()) > 0)",
]


@pytest.fixture
def page(theme, shared_notebook):
    return shared_notebook(CODE, dark=theme == "dark", until=".kfunc-lab-graph [data-item]")


@pytest.fixture
def folded(page):
    """Return the page with all groups folded and nothing selected."""
    if page.locator(".kfunc-lab-search").is_visible():
        page.locator(".kfunc-lab-search").fill("")
        page.get_by_role("button", name="Search").click()
    page.get_by_role("button", name="Fold all groups").click()
    page.locator(".kfunc-lab-graph [data-item]").first.click()
    page.keyboard.press("Escape")
    return page


def item(page, name):
    return page.locator(f'.kfunc-lab-graph [data-item="{name}"]')


def items(page) -> list[str]:
    return page.eval_on_selector_all(
        ".kfunc-lab-picture [data-item]", "nodes => nodes.map(node => node.dataset.item)"
    )


def focused(page) -> str:
    return page.evaluate("document.activeElement.dataset.item ?? ''")


def details(page) -> str:
    return page.locator(".kfunc-lab-details").inner_text()


def click_sign(page, name):
    box = item(page, name).locator(".box, .title-area").first.bounding_box()
    page.mouse.click(box["x"] + 10, box["y"] + 12)
    return box


def test_repeated_blocks_start_folded(folded, picture, theme):
    assert {"stage1_block ×12", "stage2_block ×12"} <= {*items(folded)}
    assert len(items(folded)) < 15
    picture(folded.locator(".kfunc-lab-graph"), f"graph-folded-{theme}")


def test_click_on_sign_opens_group_in_place(folded, picture, theme):
    item(folded, "stage2_block ×12").scroll_into_view_if_needed()
    before = click_sign(folded, "stage2_block ×12")
    item(folded, "stage2_block12").wait_for(state="attached")
    after = item(folded, "stage2_block ×12").locator(".title-area").bounding_box()
    assert after["x"] == pytest.approx(before["x"], abs=2)
    assert after["y"] == pytest.approx(before["y"], abs=2)
    picture(folded.locator(".kfunc-lab-graph"), f"graph-opened-{theme}")
    click_sign(folded, "stage2_block ×12")
    item(folded, "stage2_block12").wait_for(state="detached")
    again = item(folded, "stage2_block ×12").locator(".box").bounding_box()
    assert again["y"] == pytest.approx(before["y"], abs=2)


def test_group_details_open_group(folded):
    item(folded, "stage1_block ×12").locator(".name").click()
    assert "84 calls" in details(folded)
    assert "(None, 16, 16, 8) float32" in details(folded)
    folded.locator(".kfunc-lab-details").get_by_role("button", name="Open").click()
    item(folded, "stage1_block3").wait_for(state="attached")


def test_keyboard_alone_opens_and_closes_group(folded, rerun):
    """The keyboard reaches a group, opens it, enters it and leaves it."""
    folded.keyboard.press("Home")
    folded.get_by_role("button", name="Save as").focus()
    for _step in range(3):
        folded.keyboard.press("Tab")
        if focused(folded):
            break
    assert focused(folded) == "photo"
    for expected in ("stem", "stage1_block ×12"):
        folded.keyboard.press("ArrowDown")
        assert focused(folded) == expected
    assert item(folded, "stage1_block ×12").get_attribute("aria-expanded") == "false"
    folded.keyboard.press("Enter")
    assert item(folded, "stage1_block ×12").get_attribute("aria-expanded") == "true"
    assert focused(folded) == "stage1_block ×12"
    folded.keyboard.press("ArrowDown")
    assert focused(folded) in ("stage1_block1", "stage2_block ×12")
    assert "'stage1_block ×12'" in rerun(folded, 1)
    item(folded, "stage1_block ×12").focus()
    folded.keyboard.press("Enter")
    assert "stage1_block1" not in items(folded)


ORDER = [
    "photo", "stem", "stage1_block ×12", "stage2_block ×12", "<script>document.title='broken'",
    "dense", "twice", '100% "quoted" \\\\ \u202eback', "twice#2", "classes",
]  # fmt: skip


def test_keyboard_reaches_named_items_in_graph_order(folded):
    folded.keyboard.press("Home")
    item(folded, "photo").focus()
    seen = [focused(folded)]
    for _step in range(40):
        folded.keyboard.press("ArrowDown")
        if focused(folded) == seen[-1]:
            break
        seen.append(focused(folded))
    assert seen == ORDER
    for name in seen:
        assert item(folded, name.replace("\\", "\\\\").replace('"', '\\"')).get_attribute(
            "aria-label"
        )


def test_search_opens_group_of_match(folded, picture, theme):
    folded.get_by_role("button", name="Search").click()
    folded.keyboard.type("stage2_block7_b_")
    item(folded, "stage2_block7_b_conv").wait_for()
    assert folded.locator(".kfunc-lab-status").inner_text() == "1 / 2"
    assert "stage2_block7_b_conv" in details(folded)
    picture(folded.locator(".kfunc-lab-graph"), f"graph-found-{theme}")
    folded.keyboard.press("Enter")
    assert "stage2_block7_b_bn" in details(folded)
    for text, name in (
        ("BATCHNORM", "stage1_block1_a_bn"),
        ("2048", "<script>"),
        ("<script>document", "<script>"),
        ('100% "quoted" \\\\', '100% "quoted"'),
    ):
        folded.locator(".kfunc-lab-search").fill(text)
        assert name in details(folded)
    folded.locator(".kfunc-lab-search").fill("no such thing")
    assert folded.locator(".kfunc-lab-status").inner_text() == "Nothing found"
    folded.keyboard.press("Escape")
    assert not folded.locator(".kfunc-lab-search").is_visible()
    assert folded.title() != "broken"


def test_calls_with_shared_weights_are_highlighted_together(folded):
    item(folded, "twice").click()
    assert item(folded, "twice#2").evaluate("node => node.classList.contains('relative')")
    assert "twice#2" in details(folded)


@pytest.mark.parametrize(
    ("form", "ending", "begins"),
    [
        ("Picture (SVG)", "svg", b"<svg"),
        ("Picture (PNG)", "png", b"\x89PNG"),
        ("Interactive page (HTML)", "html", b"<!doctype html>"),
        ("Keras code (Python)", "py", b"import keras"),
    ],
)
def test_view_saves_its_picture(folded, form, ending, begins):
    folded.get_by_role("button", name="Save as").click()
    with folded.expect_download() as download:
        folded.get_by_role("button", name=form).click()
    assert download.value.suggested_filename == f"net.{ending}"
    content = download.value.path().read_bytes()
    assert content.startswith(begins)


@pytest.mark.parametrize("opened", [False, True])
def test_page_equals_static_picture(folded, lab, rerun, opened):
    """The page and Python draw the same parts at the same positions."""
    if opened:
        folded.get_by_role("button", name="Open all groups").click()
        item(folded, "stage2_block12_relu").wait_for(state="attached")
    rerun(folded, 2)
    static = parts(ET.parse(lab.root / "static.svg").getroot())
    serialized = "drawing => new XMLSerializer().serializeToString(drawing)"
    shown = parts(
        ET.fromstring(
            folded.get_by_role("group", name="Graph of the model").evaluate(serialized)
        )
    )
    assert [words for words, _numbers in shown] == [words for words, _numbers in static]
    for (words, numbers), (_words, expected) in zip(shown, static, strict=True):
        rounding = (
            0.11 if words.startswith("line") else 0.06
        )  # both write a line with one digit
        assert numbers == pytest.approx(expected, abs=rounding), words


ENDS = ("data-source", "data-target")
NUMBERS = ("transform", "x", "y", "width", "height", "rx", "font-size", "points", "d")


def parts(picture):
    """Lists what a picture draws, in its order: what each part is and says, and its numbers.

    The legend is the static picture's alone, and what only hears the mouse is the page's.
    """

    def walk(node):
        kind = node.get("class", "").partition(" ")[0]
        if node.tag in (f"{SVG}title", f"{SVG}style") or kind in ("legend", "surface"):
            return
        if kind not in ("", "kfunc-lab-drawing", "title-area"):
            ends = [node.get(it, "") for it in ENDS] if kind == "edge" else []
            words = " ".join([kind, *ends, node.text or ""])
            printable = "".join(it if it.isprintable() else "\ufffd" for it in words)
            numbers = " ".join(node.get(name, "") for name in NUMBERS)
            yield printable, [*map(float, re.findall(r"-?[\d.]+", numbers))]
        for child in node:
            yield from walk(child)

    return [*walk(picture)]


def test_view_is_accessible(folded, theme):
    from axe_playwright_python.sync_playwright import Axe

    for prepare in (
        lambda: None,
        lambda: item(folded, "stem").click(),
        lambda: click_sign(folded, "stage1_block ×12"),
        lambda: folded.get_by_role("button", name="Search").click(),
        lambda: folded.get_by_role("button", name="Save as").click(),
    ):
        prepare()
        result = Axe().run(folded, context=".kfunc-lab-graph")
        found = [
            (it["id"], [node["html"][:200] for node in it["nodes"]][:3])
            for it in result.response["violations"]
        ]
        assert found == []
    folded.keyboard.press("Escape")


def test_page_has_no_errors(page):
    assert page.problems == []
    assert page.title() != "broken"


def test_saved_page_needs_no_kernel_and_no_network(browser, tmp_path, theme):
    import keras
    from keras import layers

    import kfunc_lab as lab

    inputs = keras.Input((8,), name="x")
    part = keras.Model(inputs, layers.Dense(4, name="<b>inner")(inputs), name="part")
    outer = keras.Input((8,), name="outer")
    view = lab.graph(keras.Model(outer, part(outer), name="whole"), fold=True)
    view.save(tmp_path / "graph.html")
    context = browser.new_context(color_scheme=theme)
    page = context.new_page()
    asked, problems = [], []
    page.on("request", lambda request: asked.append(request.url))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((tmp_path / "graph.html").as_uri())
    item(page, "part").locator(".name").dblclick()
    page.locator(".kfunc-lab-picture", has_text="<b>inner").wait_for()
    page.get_by_role("button", name="Search").click()
    page.keyboard.type("inner")
    assert "Dense" in details(page)
    assert page.locator(".kfunc-lab-graph b").count() == 0
    assert [url for url in asked if not url.startswith("file:")] == []
    assert problems == []
    context.close()
