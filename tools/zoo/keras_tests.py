"""Runs tests of Keras or keras_hub, and checks every model that they build."""

import argparse
import gc
import re
import sys
from pathlib import Path
from typing import Any

from faults import Report

_BUILDS = re.compile(r"\b(?:Model|Functional|Sequential|Input|backbone_cls|run_layer_test)\(")
_MOST_OF_A_TEST = 4  # models that are checked of one test


def files_with_models(folder: Path) -> list[Path]:
    """Returns the test files that build models."""
    files = [folder] if folder.is_file() else sorted(folder.rglob("*_test.py"))
    return [path for path in files if _BUILDS.search(path.read_text("utf-8", errors="replace"))]


class Hook:
    """A plugin of pytest that collects the models of each test and checks them after it."""

    def __init__(self, options: argparse.Namespace, writer: Any) -> None:
        self._options = options
        self._writer = writer
        self._models: list[Any] = []
        self._listens = False
        self._number = -1
        self._watch_models()

    def _watch_models(self) -> None:
        from keras.src.models import functional, model, sequential

        for cls in (functional.Functional, sequential.Sequential, model.Model):
            cls.__init__ = self._watched(cls, cls.__init__)  # type: ignore[method-assign]

    def _watched(self, cls: type, init: Any) -> Any:
        def wrapper(this: Any, *args: Any, **named: Any) -> None:
            init(this, *args, **named)
            # A Sequential makes a functional model of its own with each layer that is added.
            is_inner = sys._getframe(1).f_code.co_filename.endswith("models/sequential.py")
            if self._listens and not is_inner and not any(this is it for it in self._models):
                self._models.append(this)

        return wrapper

    def pytest_runtest_call(self, item: Any) -> None:
        """Begins to listen."""
        _take_out_of_keras(item.module)
        self._number += 1
        self._models.clear()
        self._listens = True

    def pytest_runtest_teardown(self, item: Any) -> None:
        """Checks the models of the test."""
        import keras
        from group import check

        self._listens = False
        models, self._models = self._models, []
        for at, model in enumerate(models[-_MOST_OF_A_TEST:]):
            if not hasattr(model, "_layers"):
                continue  # its __init__ failed
            name = f"{item.name}[{at}]" if len(models) > 1 else item.name
            if self._number < self._options.skip:
                continue
            if self._options.only and self._options.only.lower() not in item.nodeid.lower():
                continue
            self._writer.write(begins=self._number, name=name)
            space = dict(vars(item.module))
            report: Report = check(self._options, name, model, space)
            self._writer.write(**report.as_json())
        del models
        keras.config.set_dtype_policy("float32")
        gc.collect()


def _take_out_of_keras(module: Any) -> None:
    """Renames a module of tests, so that its classes count as those of a user."""
    before = module.__name__
    after = before.removeprefix("keras.")
    if after == before:
        return
    module.__name__ = after
    sys.modules[after] = module
    for value in vars(module).values():
        if isinstance(value, type) and value.__module__ == before:
            value.__module__ = after


def check_tests(options: argparse.Namespace, writer: Any) -> None:
    """Runs one test file and checks what it builds."""
    import pytest

    path = options.group.removeprefix("tests:")
    pytest.main(
        ["-q", "-x", "--maxfail=1000", "-p", "no:cacheprovider", "--no-header", "-W", "ignore",
         "--tb=no", "--rootdir", str(Path(path).parent), "-c", "/dev/null", path],
        plugins=[Hook(options, writer)],
    )  # fmt: skip
    writer.write(finished=True)
