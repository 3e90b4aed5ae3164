"""Models rebuilt from their code, and the configurations to compare."""

import copy

from kfunc_lab.graph.keras.functional_code import to_code


def rebuilt(model):
    """Runs the code of a model and returns the model that it builds."""
    space: dict = {}
    exec(compile(to_code(model), "code", "exec"), space)
    return space["model"]


def comparable(model) -> dict:
    """Returns a model's configuration, with raw operations numbered in order."""
    config = copy.deepcopy(model.get_config())
    names: dict[str, str] = {}

    def collect(value):
        if isinstance(value, dict):
            if value.get("class_name") and isinstance(value.get("config"), dict):
                home = str(value.get("module"))
                if home.startswith("keras.ops") or home.startswith("keras.src.ops"):
                    names[value["config"].get("name") or value.get("name")] = (
                        f"operation {len(names)}"
                    )
            for it in value.values():
                collect(it)
        elif isinstance(value, (list, tuple)):
            for it in value:
                collect(it)

    def replace(value):
        if isinstance(value, dict):
            kept = {key: it for key, it in value.items() if key != "build_config"}
            return {key: replace(it) for key, it in kept.items()}
        if isinstance(value, (list, tuple)):
            return [replace(it) for it in value]
        return names.get(value, value) if isinstance(value, str) else value

    collect(config)
    return replace(config)
