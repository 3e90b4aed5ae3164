"""Lessons are opened and run in a real JupyterLab."""

from kfunc_lab.lessons import catalogue


def notebook(number, language):
    return catalogue.notebook(catalogue.find(number), language)


def scroll_to(page, code):
    """Scrolls to a cell: JupyterLab draws outputs when they come near the window."""
    page.locator(".jp-CodeCell", has_text=code).first.scroll_into_view_if_needed()


def drawn_graph(page):
    """Waits for the graph of the welcome lesson."""
    scroll_to(page, "lab.graph(model)")
    graph = page.locator(".kfunc-lab-graph").first
    graph.wait_for(timeout=60_000)
    graph.scroll_into_view_if_needed()
    return graph


def test_first_model_runs_and_click_selects_layer(open_notebook, run_all, picture, reader):
    language, look = reader
    page = open_notebook(notebook("01", language), dark=look == "dark")
    run_all(page)
    code = page.locator(".jp-CodeCell", has_text="outputs = layers.Dense(10").first
    code.evaluate("cell => cell.scrollIntoView({block: 'start'})")
    panel = page.locator(".kfunc-lab-live.beside")
    panel.locator('[data-item][aria-label*="50,240"]').click()
    panel.locator(".kfunc-lab-details", has_text="(None, 784) float32").wait_for()
    dock = page.locator("#jp-main-dock-panel")
    picture(dock, f"lesson-01-{language}-{look}")
    assert page.problems == []


def test_training_shows_curves(open_notebook, run_all, picture):
    page = open_notebook(notebook("02", "es"))
    run_all(page)
    scroll_to(page, "lab.TrainingDashboard")
    dashboard = page.locator(".kfunc-lab-dashboard").first
    dashboard.scroll_into_view_if_needed()
    dashboard.get_by_text("terminado").wait_for()
    picture(page, "lesson-02-es")
    assert page.problems == []


def test_welcome_is_in_spanish(open_notebook, run_all, picture):
    page = open_notebook(notebook("00", "es"))
    run_all(page)
    graph = drawn_graph(page)
    graph.get_by_text("Selecciona una llamada").wait_for()
    graph.locator('[data-item][aria-label^="species"]').click()
    graph.locator(".kfunc-lab-details", has_text="Parámetros").wait_for()
    picture(page, "lesson-00-es")
    assert page.problems == []


def test_stored_pictures_appear_before_any_run(open_notebook, picture):
    page = open_notebook(notebook("01", "en"), trusted=True)
    stored = page.locator(".jp-OutputArea-output img[src^='data:image/svg']").first
    stored.scroll_into_view_if_needed()
    assert stored.evaluate("image => image.naturalWidth") > 50
    assert page.get_by_text("Error displaying widget").count() == 0
    picture(page, "lesson-01-stored")


def test_saved_views_reappear_without_kernel(open_notebook, run_all):
    page = open_notebook(notebook("00", "en"))
    run_all(page)
    drawn_graph(page)
    page.keyboard.press("Control+s")
    page.wait_for_function("!document.querySelector('.jp-mod-dirty')")
    page = open_notebook.reopen()
    graph = drawn_graph(page)
    graph.locator('[data-item][aria-label^="species"]').click()
    graph.locator(".kfunc-lab-details", has_text="51").wait_for()
    assert page.get_by_text("model not found").count() == 0
