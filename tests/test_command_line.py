"""The `kfunc-lab` command: output, exit codes, and the server that it starts."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from contextlib import closing

import nbformat
import pytest
from click.testing import CliRunner
from nbclient import NotebookClient

import kfunc_lab as lab
from kfunc_lab import command_line, doctor
from kfunc_lab.doctor import Finding
from kfunc_lab.lessons import catalogue, server, working_copy

SVG = '<svg xmlns="http://www.w3.org/2000/svg" width="5" height="5"/>'


@pytest.fixture(autouse=True)
def english_environment(monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_LANGUAGE", "en")


@pytest.fixture
def originals(monkeypatch, tmp_path):
    """Replaces the lessons with notebooks of two cells: printed parameters and an image."""
    folder = tmp_path / "originals"
    monkeypatch.setattr(catalogue, "_FOLDER", folder)
    for language in ("en", "es"):
        for lesson in catalogue.lessons():
            notebook = nbformat.v4.new_notebook()
            notebook.metadata.kernelspec = {"name": "python3", "language": "python"}
            notebook.metadata.kernelspec["display_name"] = "Python 3"
            notebook.cells = [
                nbformat.v4.new_code_cell(
                    'language = "en"\nepochs = 2',
                    id="parameters",
                    metadata={"tags": ["parameters"]},
                ),
                nbformat.v4.new_code_cell(
                    "print(language, epochs, 1 / epochs)",
                    id="shown",
                    outputs=[nbformat.v4.new_output("display_data", {"image/svg+xml": SVG})],
                ),
            ]
            path = folder / language / f"{lesson.name}.ipynb"
            path.parent.mkdir(parents=True, exist_ok=True)
            nbformat.write(notebook, path)
    return folder


def call(*arguments):
    return CliRunner().invoke(command_line.main, [str(argument) for argument in arguments])


def is_one_error(text):
    """Tells whether a text is a one-line error without a traceback."""
    return re.fullmatch(r"(Usage: .*\nTry .*\n\n)?Error: [^\n]+\n", text) is not None


# Help, version, languages


def test_help_lists_commands_without_heavy_imports():
    code = (
        "import sys; from kfunc_lab.command_line import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "heavy = {'keras', 'tensorflow', 'papermill', 'jupyterlab', 'nbconvert', 'plotly'}\n"
        "sys.exit(bool(heavy & set(sys.modules)))"
    )
    finished = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert finished.returncode == 0
    for command in ("lab", "copy", "run", "list", "progress", "masters", "doctor", "graph"):
        assert re.search(rf"^  {command} ", finished.stdout, re.MULTILINE)


@pytest.mark.parametrize(
    "command", ["lab", "copy", "run", "list", "progress", "masters", "doctor", "graph"]
)
def test_every_command_has_help(command):
    result = call(command, "--help")
    assert result.exit_code == 0
    assert "--language" in result.output


def test_version_is_printed():
    assert call("--version").output == f"kfunc-lab, version {lab.__version__}\n"


def test_unknown_commands_and_options_are_usage_errors():
    for arguments in (["teach"], ["run"], ["run", "2", "--fast"], ["--fast"]):
        assert call(*arguments).exit_code == 2


@pytest.mark.parametrize(
    ("named", "system", "language"),
    [
        *[("es", "en_GB", "es"), ("en", "es_MX", "en"), ("", "es_MX", "es")],
        *[("fr", "es_ES", "es"), ("", "Spanish_Spain", "es"), ("", "de_DE", "en")],
        ("", None, "en"),
    ],
)
def test_language_comes_from_environment_or_system(monkeypatch, named, system, language):
    monkeypatch.setenv("KFUNC_LAB_LANGUAGE", named)
    monkeypatch.setattr("locale.getlocale", lambda: (system, "UTF-8"))
    call("list")
    assert lab.language() == language


def test_list_shows_every_lesson(monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    output = call("list").output
    for lesson in catalogue.lessons():
        assert re.search(
            f"{lesson.number} .*{re.escape(lesson.title)}.*{re.escape(lesson.teaches)}", output
        )


def test_list_follows_the_language(monkeypatch):
    monkeypatch.setattr(catalogue, "_", lambda text: f"<{lab.language()}>")
    assert "<es>" in call("list", "--language", "es").output


# progress


@pytest.fixture
def progress_file(monkeypatch, tmp_path):
    path = tmp_path / "progress.json"
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", str(path))
    monkeypatch.setenv("COLUMNS", "200")
    return path


def test_progress_shows_every_lesson_and_names_its_file(progress_file):
    lab.check("species-parameters", 51)
    result = call("progress")
    assert result.exit_code == 0
    first, _headings, *rows, last = result.stdout.splitlines()
    assert first == lab.progress().sentence()
    for standing, row in zip(lab.progress().lessons, rows, strict=True):
        lesson = standing.lesson
        assert row.startswith(f"{lesson.number}  {lesson.title} ")
        assert all(name in row for name in standing.still_open)
        assert ("✓" in row) == bool(standing.done and not standing.still_open)
    assert last == f"Stored in {progress_file}."


def test_progress_follows_language_option(progress_file):
    assert "Te damos la bienvenida" in call("progress", "--language", "es").stdout
    assert "Welcome" in call("progress", "--language", "en").stdout
    assert not progress_file.exists()


def test_progress_reports_disabled_storage(monkeypatch):
    monkeypatch.setenv("KFUNC_LAB_PROGRESS", "")
    last = call("progress").stdout.splitlines()[-1]
    assert last == (
        "Progress is not saved: the environment variable KFUNC_LAB_PROGRESS is empty."
    )


def test_unreadable_progress_prints_one_line(progress_file, monkeypatch):
    monkeypatch.setattr("kfunc_lab.lessons.progress._reported", set())
    progress_file.write_text("no progress")
    result = call("progress")
    assert result.exit_code == 0
    assert re.fullmatch(r"Your progress could not be read \([^\n]+\)\.\n", result.stderr)
    assert result.stdout.startswith("0 of ")
    assert progress_file.read_text() == "no progress"


# run


def test_run_prints_paths_of_notebook_and_report(originals, tmp_path):
    out = tmp_path / "out"
    result = call("run", "2", "--language", "es", "-p", "epochs", "4", "--output", out)
    assert result.exit_code == 0
    assert result.stdout.splitlines() == [
        str(out / "02_train_and_evaluate.ipynb"),
        str(out / "02_train_and_evaluate.html"),
    ]
    assert "es 4 0.25" in (out / "02_train_and_evaluate.html").read_text()


def test_run_accepts_file(originals, tmp_path):
    result = call("run", originals / "en" / "00_welcome.ipynb", "--output", tmp_path / "out")
    assert result.exit_code == 0
    assert (tmp_path / "out" / "00_welcome.html").exists()


def test_failing_cell_prints_one_error_and_keeps_report(originals, tmp_path):
    result = call("run", "2", "-p", "epochs", "0", "--output", tmp_path)
    assert result.exit_code == 1
    assert "failed with ZeroDivisionError: division by zero" in result.stderr
    assert "Traceback" not in result.output
    assert result.stdout.splitlines()[1] == str(tmp_path / "02_train_and_evaluate.html")


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["99"], "02_train_and_evaluate"),
        (["2", "-p", "epoch", "3"], "language, epochs"),
        (["nowhere.ipynb"], "nowhere.ipynb"),
    ],
)
def test_invalid_run_is_usage_error(originals, tmp_path, arguments, named):
    result = call("run", *arguments, "--output", tmp_path / "out")
    assert result.exit_code == 2
    assert named in result.stderr.splitlines()[-1]
    assert not (tmp_path / "out").exists()


def test_missing_lessons_print_build_command(monkeypatch, tmp_path):
    monkeypatch.setattr(catalogue, "_FOLDER", tmp_path / "nothing")
    for arguments in (["run", "2"], ["lab", "--dir", tmp_path / "copy"]):
        result = call(*arguments)
        assert result.exit_code == 1
        assert is_one_error(result.output)
        assert "make lessons" in result.output


def test_run_without_papermill_prints_install_command(originals, monkeypatch):
    monkeypatch.delitem(sys.modules, "kfunc_lab.lessons.execution", raising=False)
    monkeypatch.delattr("kfunc_lab.lessons.execution", raising=False)
    monkeypatch.setitem(sys.modules, "papermill", None)
    result = call("run", "2")
    assert result.exit_code == 1
    assert is_one_error(result.output)
    assert 'papermill is not installed; install it with: pip install "kfunc_lab[lab]"' in (
        result.output
    )


# lab


def test_default_command_opens_lab(originals, monkeypatch, tmp_path):
    served = []
    monkeypatch.setattr(server, "serve", lambda *args, **more: served.append((args, more)) or 0)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    result = call()
    assert result.exit_code == 0
    assert result.output.splitlines() == [
        f"Your lessons are in {tmp_path / 'kfunc_lab'}.",
        f"{2 * len(catalogue.lessons())} notebooks copied.",
    ]
    result = call(
        "--dir", tmp_path / "mine", "--language", "es", "--port", 9000, "--no-browser"
    )
    assert result.exit_code == 0
    call("lab", "--", "--ServerApp.quit_button=False", "--debug")
    common = {"port": None, "browser": True, "options": ()}
    assert served == [
        ((tmp_path / "kfunc_lab", "en"), common),
        ((tmp_path / "mine", "es"), {"port": 9000, "browser": False, "options": ()}),
        (
            (tmp_path / "kfunc_lab", "en"),
            {**common, "options": ("--ServerApp.quit_button=False", "--debug")},
        ),
    ]


def test_lab_explains_kept_notebooks(originals, monkeypatch, tmp_path):
    monkeypatch.setattr(server, "serve", lambda *args, **more: 0)
    call("--dir", tmp_path / "copy")
    (tmp_path / "copy" / "en" / "00_welcome.ipynb").write_text("mine")
    for lesson in ("00_welcome", "01_first_model"):
        change(originals / "en" / f"{lesson}.ipynb")
    assert call("--dir", tmp_path / "copy").output.splitlines()[1:] == [
        "Updated: en/01_first_model.ipynb.",
        "Kept with your changes: en/00_welcome.ipynb.",
        "en/00_welcome.ipynb could not be updated: it is not a notebook in nbformat 4. "
        "To get the current lesson, rename or delete your notebook and run this command again.",
    ]


def test_invalid_lab_folder_prints_one_error(originals, tmp_path):
    (tmp_path / "file").write_text("")
    result = call("--dir", tmp_path / "file" / "copy")
    assert result.exit_code == 1
    assert is_one_error(result.output)


def test_lab_without_jupyterlab_prints_install_command(originals, monkeypatch, tmp_path):
    monkeypatch.setattr(server, "find_spec", lambda name: None)
    result = call("--dir", tmp_path / "copy")
    assert result.exit_code == 1
    assert 'pip install "kfunc_lab[lab]"' in result.output


@pytest.fixture
def running_lab(originals, tmp_path):
    """A real server on a free port: its process, URL, token and process id."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    code = (
        "import sys; from pathlib import Path; from kfunc_lab.lessons import catalogue\n"
        f"catalogue._FOLDER = Path({str(originals)!r})\n"
        "from kfunc_lab.command_line import main; main()"
    )
    copy = tmp_path / "copy"
    working_copy.prepare(copy)
    change(copy / "es" / "01_first_model.ipynb")
    folders = {"JUPYTER_RUNTIME_DIR": tmp_path / "run", "JUPYTER_DATA_DIR": tmp_path / "data"}
    options = ["--no-browser", "--port", str(port), "--dir", str(copy), "--language", "es"]
    process = subprocess.Popen(
        [sys.executable, "-c", code, *options],
        env={**os.environ, "HOME": str(tmp_path), **{k: str(v) for k, v in folders.items()}},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield process, *wait_for_server(tmp_path / "run", process)
    finally:
        process.terminate()
        process.wait(20)


def change(path, place=-1, more="  # mine"):
    """Edits a cell of a notebook file, as a learner does in another program."""
    notebook = nbformat.read(path, as_version=4)
    notebook.cells[place].source += more
    nbformat.write(notebook, path)


def wait_for_server(runtime, process):
    """Returns the URL, token and process id that the server writes to a file."""
    deadline = time.monotonic() + 40
    while time.monotonic() < deadline and process.poll() is None:
        for path in runtime.glob("jpserver-*.json"):
            try:
                facts = json.loads(path.read_text())
                urllib.request.urlopen(f"{facts['url']}api").close()
            except (ValueError, OSError):
                continue
            return facts["url"], facts["token"], facts["pid"]
        time.sleep(0.1)
    raise AssertionError("the server did not start")


@pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal")
def test_server_requires_token_trusts_lessons_and_stops_with_command(running_lab, tmp_path):
    process, url, token, pid = running_lab
    assert url.startswith("http://127.0.0.1:")
    assert len(token) >= 32

    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(f"{url}api/status")
    assert refused.value.code == 403

    def get(path):
        request = urllib.request.Request(
            url + path, headers={"Authorization": f"token {token}"}
        )
        with urllib.request.urlopen(request) as answer:
            return answer.url, json.loads(answer.read()) if path != "" else None

    assert get("api/status")[1]["kernels"] == 0
    kernel = get("api/kernelspecs")[1]["kernelspecs"]["python3"]["spec"]
    assert kernel["argv"][0] == sys.executable
    assert kernel["argv"][-1] == server.QUIET_KERNEL
    assert get("api/contents/es/00_welcome.ipynb?content=0")[1]["type"] == "notebook"
    for lesson, trusted in {"00_welcome": True, "01_first_model": False}.items():
        cells = get(f"api/contents/es/{lesson}.ipynb")[1]["content"]["cells"]
        assert cells[-1]["metadata"]["trusted"] is trusted
    assert get("")[0].endswith("/lab/workspaces/kfunc_lab/tree/es/00_welcome.ipynb")
    plugin = get("lab/api/settings/@jupyterlab/apputils-extension:notification")[1]
    defaults = plugin["schema"]["properties"]
    assert defaults["fetchNews"]["default"] == "false"
    assert defaults["checkForUpdates"]["default"] is False

    process.send_signal(signal.SIGINT)
    assert process.wait(60) == 0
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


# copy


def test_copy_reports_copied_and_kept_notebooks(originals, tmp_path):
    copy = tmp_path / "copy"
    assert call("copy", copy).output.splitlines() == [
        f"Your lessons are in {copy}.",
        f"{2 * len(catalogue.lessons())} notebooks copied.",
    ]
    change(copy / "en" / "00_welcome.ipynb", 0)
    change(copy / "en" / "01_first_model.ipynb", 1)
    run(copy / "en" / "02_train_and_evaluate.ipynb")
    (copy / "es" / "00_welcome.ipynb").unlink()
    for path in originals.rglob("*.ipynb"):
        change(path, 1, "  # newer")
    places = copy / working_copy.BACKUP, copy / working_copy.BASE / "en"
    assert call("copy", copy, "--language", "en").output.splitlines() == [
        f"Your lessons are in {copy}.",
        "1 notebook copied.",
        f"Updated: {', '.join(untouched_notebooks())}, en/02_train_and_evaluate.ipynb.",
        "Updated en/00_welcome.ipynb; 1 cell of yours was kept.",
        "Updated en/01_first_model.ipynb; 1 cell of yours was kept.",
        "In en/01_first_model.ipynb, the lesson has newer versions of cells that you changed: "
        f"shown. You find them in {places[1] / '01_first_model.ipynb'}.",
        f"The previous versions are in {places[0]}.",
    ]
    assert call("copy", copy).output.splitlines()[1:] == [
        "Kept with your changes: en/00_welcome.ipynb, en/01_first_model.ipynb."
    ]


def untouched_notebooks():
    """Lists the notebooks that the learner did not change."""
    used = {"en/00_welcome", "en/01_first_model", "en/02_train_and_evaluate", "es/00_welcome"}
    names = [f"{code}/{lesson.name}" for code in ("en", "es") for lesson in catalogue.lessons()]
    return [f"{name}.ipynb" for name in names if name not in used]


def run(path):
    """Runs a notebook as a learner does."""
    notebook = nbformat.read(path, as_version=4)
    NotebookClient(notebook).execute()
    nbformat.write(notebook, path)


def test_update_keeps_edits_and_outputs(originals, tmp_path):
    copy, name = tmp_path / "copy", "en/02_train_and_evaluate.ipynb"
    call("copy", copy)
    change(copy / name, 1, " ; print('my answer')")
    run(copy / name)
    mine = nbformat.read(copy / name, as_version=4)
    change(originals / name, 0, "\nseed = 7")
    change(originals / name, 1, "  # newer")
    call("copy", copy)
    merged = nbformat.read(copy / name, as_version=4)
    nbformat.validate(merged)
    assert merged.cells[0].source == 'language = "en"\nepochs = 2\nseed = 7'
    assert merged.cells[0].execution_count is None
    assert merged.cells[1] == mine.cells[1]
    assert merged.cells[1].outputs[0].text == "en 2 0.5\nmy answer\n"
    run(copy / name)


def test_copy_rejects_originals_with_one_error(originals):
    for command in (["copy", originals], ["lab", "--dir", originals / "en"]):
        result = call(*command)
        assert result.exit_code == 1
        assert is_one_error(result.output)
        assert "contains the original lessons" in result.output


def test_copy_requires_valid_folder(originals, tmp_path):
    (tmp_path / "file").write_text("")
    assert call("copy").exit_code == 2
    assert call("copy", tmp_path / "file").exit_code == 2
    result = call("copy", tmp_path / "file" / "copy")
    assert result.exit_code == 1
    assert is_one_error(result.output)


# doctor


@pytest.mark.parametrize(
    ("findings", "lines", "code"),
    [
        ([Finding("Keras", "3.15")], ["ok       Keras: 3.15"], 0),
        (
            [
                Finding("MNIST", "not here", "Fetch it.", essential=False),
                Finding("RAM", "2 GB"),
            ],
            ["note     MNIST: not here. Fetch it.", "ok       RAM: 2 GB"],
            0,
        ),
        (
            [Finding("Graphviz", "is gone", "Get it."), Finding("RAM", "2 GB")],
            ["problem  Graphviz: is gone. Get it.", "ok       RAM: 2 GB"],
            1,
        ),
    ],
)
def test_doctor_fails_without_essential_package(monkeypatch, findings, lines, code):
    monkeypatch.setattr(doctor, "findings", lambda: findings)
    result = call("doctor")
    assert (result.stdout.splitlines(), result.exit_code) == (lines, code)


# masters


def test_masters_prints_files_and_next_commands(tmp_path):
    course = tmp_path / "course"
    lines = call("masters", course).output.splitlines()
    assert lines[0].startswith(
        f"Written to {course}: nbgrader_config.py, source/00_welcome/00_welcome.ipynb, "
    )
    assert "  nbgrader generate_assignment 01_first_model" in lines
    assert lines[-2:] == ["  nbgrader autograde LESSON", "  nbgrader generate_feedback LESSON"]
    (course / "nbgrader_config.py").unlink()
    lines = call("masters", course).output.splitlines()
    assert lines[0] == f"Written to {course}: nbgrader_config.py."
    assert lines[1].startswith(
        f"Already in {course}, left unchanged: source/00_welcome/00_welcome.ipynb, "
    )


def test_masters_follow_language_option(tmp_path):
    call("masters", tmp_path, "--language", "es")
    source = tmp_path / "source" / "01_first_model" / "01_first_model.ipynb"
    assert "Tu primer modelo funcional" in source.read_text(encoding="utf-8")


def test_unwritable_masters_print_one_error(tmp_path):
    (tmp_path / "file").write_text("")
    result = call("masters", tmp_path / "file" / "course")
    assert result.exit_code == 1
    assert is_one_error(result.output)


# graph


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    import keras

    class Mine(keras.layers.Layer):
        def call(self, x):
            return x

    folder = tmp_path_factory.mktemp("models")
    inputs = keras.Input((4,))
    for name, layer in {
        "good": keras.layers.Dense(2),
        "unsafe": keras.layers.Lambda(lambda x: x * 2),
        "mine": Mine(),
    }.items():
        model = keras.Model(inputs, layer(inputs), name=name)
        for suffix in (".keras", ".h5"):
            model.save(folder / f"{name}{suffix}")
    for suffix in (".keras", ".h5", ".txt"):
        (folder / f"bad{suffix}").write_text("not a model")
    return folder


def test_graph_prints_a_saved_model(models):
    for suffix in (".keras", ".h5"):
        result = call("graph", models / f"good{suffix}")
        assert result.exit_code == 0
        assert "dense" in result.stdout.lower()


@pytest.mark.parametrize(
    ("suffix", "begins"), [(".svg", b"<"), (".png", b"\x89PNG"), (".txt", b"")]
)
def test_graph_draws_a_saved_model(models, tmp_path, suffix, begins):
    output = tmp_path / f"graph{suffix}"
    result = call("graph", models / "good.keras", "-o", output)
    assert (result.exit_code, result.stdout) == (0, f"{output}\n")
    assert output.read_bytes().startswith(begins)
    assert output.stat().st_size > 20


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("unsafe.keras", "it contains Python code"),
        ("unsafe.h5", "it contains Python code"),
        ("mine.keras", "it uses Mine,"),
        ("mine.h5", "it uses Mine,"),
        ("bad.keras", "is not a model that Keras saved"),
        ("bad.h5", "is not a model that Keras saved"),
        ("bad.txt", "is not a model that Keras saved"),
        ("missing.keras", "There is no file"),
    ],
)
def test_graph_prints_one_error_for_unreadable_model(models, name, reason):
    result = call("graph", models / name)
    assert result.exit_code == 1
    assert is_one_error(result.output)
    assert reason in result.output
    assert name in result.output


def test_graph_rejects_h5_with_unsafe_keras(models, monkeypatch):
    monkeypatch.setattr("keras.__version__", "3.11.2")
    result = call("graph", models / "unsafe.h5")
    assert result.exit_code == 1
    assert "cannot read" in result.output
    assert "3.11.3" in result.output


def test_graph_checks_format_before_loading_model(tmp_path):
    result = call("graph", tmp_path / "missing.keras", "-o", tmp_path / "graph.gif")
    assert result.exit_code == 2
    assert '.json, .txt, not as ".gif"' in result.output


def test_unwritable_graph_prints_one_error(models, tmp_path):
    result = call("graph", models / "good.keras", "-o", tmp_path / "no" / "graph.svg")
    assert result.exit_code == 1
    assert is_one_error(result.output)
