"""What every test run needs, that of the notebooks and of the examples included."""

import os

import pytest

# TensorFlow's messages would be compared with the notebooks' outputs; set before any kernel starts.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_ENABLE_ONEDNN_OPTS", "0")


@pytest.fixture(autouse=True)
def notebook_of_examples(request):
    """Gives the examples that follow a notebook an IPython session, and takes it away again."""
    if request.node.name not in (
        "kfunc_lab.watch.watch.watch",
        "kfunc_lab.watch.watch.unwatch",
    ):
        yield
        return
    from IPython.core.interactiveshell import InteractiveShell

    InteractiveShell.instance()
    yield
    InteractiveShell.clear_instance()
