"""The groups of models: where their builders come from."""

import importlib.util
import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

HERE = Path(__file__).parent
GALLERY = HERE / "gallery"

Builder = Callable[[], Any]
SIDES = {"Xception": 71, "InceptionV3": 75, "InceptionResNetV2": 75, "ConvNeXt": 32}


def groups() -> list[str]:
    """Returns the names of the groups that need no checkout."""
    galleries = [f"gallery/{path.stem}" for path in sorted(GALLERY.glob("*.py"))]
    return [*galleries, "applications", "keras_hub", "keras_hub_tasks"]


def builders(group: str) -> Iterator[tuple[str, Builder, dict[str, Any]]]:
    """Yields the models of a group: a name, what builds it, and the names its code may use."""
    if group.startswith("gallery/"):
        module = load_module(GALLERY / f"{group.partition('/')[2]}.py")
        for name, function in functions_of(module):
            yield name, function, vars(module)
    elif group == "applications":
        yield from ((name, build, {}) for name, build in _applications())
    else:
        import keras_hub_models

        found = getattr(
            keras_hub_models, group.removeprefix("keras_hub_").replace("keras_hub", "backbones")
        )
        yield from ((name, build, {}) for name, build in found())


def load_module(path: Path) -> ModuleType:
    """Imports a file of the gallery."""
    import sys

    spec = importlib.util.spec_from_file_location(f"zoo_gallery_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def functions_of(module: ModuleType) -> Iterator[tuple[str, Builder]]:
    """Yields the builders of a file: its functions without arguments and underscore."""
    for name, value in list(vars(module).items()):
        own = inspect.isfunction(value) and value.__module__ == module.__name__
        if own and not name.startswith("_") and not inspect.signature(value).parameters:
            yield name, value


def _applications() -> Iterator[tuple[str, Builder]]:
    from keras import applications

    for name, function in sorted(vars(applications).items()):
        if callable(function) and "weights" in inspect.signature(function).parameters:
            yield name, _application(name, function)


def _application(name: str, function: Any) -> Builder:
    side = next((size for part, size in SIDES.items() if name.startswith(part)), 32)

    def build() -> Any:
        # The pooled features and a head: what people make of it.
        options: dict[str, Any] = {"weights": None, "input_shape": (side, side, 3)}
        try:
            model = function(**options, classes=10)
        except ValueError:
            model = function(**options, include_top=False, pooling="avg")
        model.compile("adam", "categorical_crossentropy", metrics=["accuracy"])
        return model

    return build
