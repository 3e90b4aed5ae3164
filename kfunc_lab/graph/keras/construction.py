"""Writes the Python expression that creates a layer or operation."""

import contextlib
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from kfunc_lab.graph.keras.code.arguments import (
    accepted_arguments,
    constructor_is_newer,
    own_arguments,
    required_arguments,
    restores_itself,
    same_as_made,
    takes_any_number,
)
from kfunc_lab.graph.keras.code.imports import Imports, Names
from kfunc_lab.graph.keras.code.lambdas import lambda_code
from kfunc_lab.graph.keras.code.literals import (
    MAX_NUMBERS,
    NotWritableError,
    literal,
    sequence,
    text_literal,
)
from kfunc_lab.graph.keras.code.operations import function_name
from kfunc_lab.graph.keras.nodes import recorded_arguments, sublayers_of
from kfunc_lab.graph.keras.settings import (
    configuration,
    constructor_defaults,
    default_dtype,
    dtype_name,
    is_default,
    is_derived,
)
from kfunc_lab.locale import _
from kfunc_lab.ui.text import snake_case

# For these settings, one number for all axes reads better than a tuple of equal numbers.
_PER_AXIS = {"kernel_size", "strides", "pool_size", "dilation_rate", "size"}
# Entries of a configuration that Keras restores without the constructor.
_NOT_ARGUMENTS = {"build_config", "compile_config", "build_input_shape"}
# Every layer has these settings; they can also be set on the layer itself.
_OF_EVERY_LAYER = {"name": "name", "trainable": "trainable", "dtype": "dtype_policy"}


@dataclass(frozen=True)
class Creation:
    """How a program creates a layer.

    Attributes:
        expression: The expression that creates it.
        attributes: What must be set on it afterwards, because its class takes no such argument:
            expressions by the name of the attribute.
    """

    expression: str
    attributes: Mapping[str, str] = field(default_factory=dict)


def constructor_code(
    operation: Any, config: Mapping[str, Any] | Exception | None = None
) -> str:
    """Writes the expression that creates a layer or operation.

    Args:
        operation: A Keras layer or operation. It is neither built nor changed.
        config: Its `settings.configuration`, if already known.

    Returns:
        The expression, such as `'layers.Dense(10, name="digits")'`; for a raw operation its
        function, such as `"ops.add"`; empty if it cannot be written.

    Example:
        >>> import keras
        >>> constructor_code(keras.layers.Dense(10, name="digits"))
        'layers.Dense(10, name="digits")'
    """
    import keras

    try:
        if not isinstance(operation, keras.layers.Layer) and public_operation(type(operation)):
            return function_name(type(operation))
        return Expressions().of(operation, config).expression
    except Exception:  # a custom layer may raise anything
        return ""


def public_operation(cls: type) -> bool:
    """Tells whether Keras itself has the class of an operation."""
    return cls.__module__.partition(".")[0] == "keras"


class Expressions:
    """Writes expressions and collects the imports that they need.

    Attributes:
        imports: The classes and functions that the expressions name.
        subject: The name of the layer or operation that is being written.
    """

    def __init__(
        self,
        names: Names | None = None,
        variable_of: Callable[[Any], str | None] = lambda layer: None,
        variable_for: Callable[[Any, Creation], str] = lambda layer, made: made.expression,
    ) -> None:
        """Starts without imports.

        Args:
            names: The names that the program has used.
            variable_of: Returns the variable of a layer, if the program holds it in one.
            variable_for: Writes the statements that create a layer, and returns its variable.
        """
        self.imports = Imports(names or Names())
        self._variable_of = variable_of
        self._variable_for = variable_for
        self.subject = ""

    def of(
        self,
        operation: Any,
        config: Mapping[str, Any] | Exception | None = None,
        changes: Mapping[str, Any] | None = None,
    ) -> Creation:
        """Writes the expression that creates a layer or an operation.

        Args:
            operation: The layer or operation.
            config: Its `settings.configuration`, if already known.
            changes: Settings that are to differ from the configuration.

        Raises:
            NotWritableError: If it cannot be written.
        """
        import keras

        cls: Any = type(operation)
        self.subject = operation.name
        config = configuration(operation) if config is None else config
        if isinstance(config, Exception) and recorded_arguments(operation) is None:
            reason = (
                _("its class has no get_config, and an argument cannot be serialised")
                if isinstance(config, NotImplementedError)
                else _("its get_config fails: {reason}").format(reason=config)
            )
            raise NotWritableError(reason) from config
        config = {} if isinstance(config, Exception) else config
        if isinstance(operation, keras.layers.InputLayer):
            return Creation(self.input({**config, **(changes or {})}))
        if "name" not in config:
            config = {**config, "name": operation.name}
        return self._created(cls, config, operation, changes or {})

    def input(self, config: Mapping[str, Any]) -> str:
        """Writes the expression that creates an input of a model."""
        batch, *shape = config.get("batch_shape") or config.get("batch_input_shape") or [None]
        arguments = [self.value(tuple(shape))]
        if batch is not None:
            arguments.append(f"batch_size={batch}")
        if config.get("dtype") != default_float():
            arguments.append(f"dtype={self.value(config.get('dtype'))}")
        for name in ("sparse", "ragged", "optional"):
            if config.get(name):
                arguments.append(f"{name}=True")
        arguments.append(f"name={text_literal(config['name'])}")
        return f"keras.Input({', '.join(arguments)})"

    # -- objects of a class

    def _created(
        self, cls: Any, config: Mapping[str, Any], made: Any, changes: Mapping[str, Any]
    ) -> Creation:
        """Writes the creation of an object from its configuration.

        Args:
            cls: Its class.
            config: Its configuration.
            made: The object itself, if it was found; functions are known by it.
            changes: Settings that are to differ from the configuration.
        """
        config = {name: it for name, it in config.items() if name not in _NOT_ARGUMENTS}
        name_of_class = self.imports.of(cls)
        if not public_operation(cls):
            return self._of_own_class(name_of_class, cls, config, made, changes)
        whole = {**config, **changes}
        expression = self._call(name_of_class, cls, whole, made)
        if same_as_made(expression, cls, whole):
            return Creation(expression)
        restored = f"{name_of_class}.from_config({self._plain(whole, made)})"
        return Creation(restored if same_as_made(restored, cls, whole) else expression)

    def _of_own_class(
        self,
        name_of_class: str,
        cls: Any,
        config: Mapping[str, Any],
        made: Any,
        changes: Mapping[str, Any],
    ) -> Creation:
        """Writes the creation of an object of a class that is not Keras's.

        Its configuration may not be what its constructor takes. Keras then knows the arguments
        that it was created with, if all of them are plain.
        """
        if takes_any_number(cls) and constructor_is_newer(cls):
            # An older Keras records the other arguments without these.
            raise NotWritableError(
                _("its class has no get_config, and an argument cannot be serialised")
            )
        accepted, required = accepted_arguments(cls), required_arguments(cls)
        shared = {name: config[name] for name in _OF_EVERY_LAYER if name in config}
        recorded = recorded_arguments(made) if type(made) is cls else None
        known = {} if recorded is None else {**recorded, **shared}
        candidates: list[Mapping[str, Any]] = [config]
        if recorded is not None:
            candidates = [known, config] if constructor_is_newer(cls) else [config, known]
        for candidate in candidates:
            given = {**candidate, **changes}
            missing = {*required} - {*given}
            unknown = {*given} - accepted - {*_OF_EVERY_LAYER}
            if not missing and not unknown:
                arguments = {name: it for name, it in given.items() if name in accepted}
                return Creation(
                    self._call(name_of_class, cls, arguments, made),
                    self._attributes({n: it for n, it in given.items() if n not in accepted}),
                )
        whole = {**config, **changes}
        if restores_itself(cls):
            return Creation(f"{name_of_class}.from_config({self._plain(whole, made)})")
        missing = {*required} - {*whole}
        if missing:
            raise NotWritableError(
                _("its get_config leaves out {names}, which its __init__ needs").format(
                    names=", ".join(sorted(missing))
                )
            )
        raise NotWritableError(
            _("its __init__ does not take {names}, which its get_config returns").format(
                names=", ".join(sorted({*whole} - accepted - {*_OF_EVERY_LAYER}))
            )
        )

    def _attributes(self, settings: Mapping[str, Any]) -> dict[str, str]:
        """Returns what must be set on a layer whose class does not take these arguments."""
        settings = {**settings, "dtype": dtype_name(settings.get("dtype"))}
        plain = {"name": None, "trainable": True, "dtype": default_dtype()}
        return {
            attribute: self.value(settings[name])
            for name, attribute in _OF_EVERY_LAYER.items()
            if settings.get(name) not in (None, plain[name])
        }

    def _call(self, name_of_class: str, cls: Any, config: Mapping[str, Any], made: Any) -> str:
        """Writes a constructor call with the arguments that differ from their defaults."""
        defaults, own = constructor_defaults(cls), own_arguments(cls)
        rest = dict(config)
        positional, named = [], []
        for name in required_arguments(cls):
            if name not in rest:
                break
            positional.append(self._argument(name, rest.pop(name), cls, made))
        for name, value in rest.items():
            if name in _OF_EVERY_LAYER:
                continue
            default = defaults.get(name, inspect.Parameter.empty)
            if is_derived(name, value, cls, defaults):
                continue
            # What `None` stands for is known of Keras's classes alone.
            exact = value is None or default is not None or name not in own
            if not (exact and is_default(name, value, default, rest)):
                named.append(f"{name}={self._argument(name, value, cls, made)}")
        named += self._for_every_layer(rest, made)
        return f"{name_of_class}({', '.join([*positional, *named])})"

    def _for_every_layer(self, config: Mapping[str, Any], made: Any) -> list[str]:
        written = []
        policy = self._policy(config.get("dtype"), made)
        if policy:
            written.append(f"dtype={policy}")
        if config.get("trainable") is False:
            written.append("trainable=False")
        if isinstance(config.get("name"), str):
            written.append(f"name={text_literal(config['name'])}")
        return written

    def _policy(self, config: Any, made: Any) -> str:
        """Writes a dtype policy; empty if it is the default."""
        import keras

        policy = getattr(made, "dtype_policy", None)
        kind = config.get("class_name") if isinstance(config, Mapping) else ""
        if kind != "DTypePolicyMap" or not isinstance(
            policy, keras.dtype_policies.DTypePolicyMap
        ):
            name = dtype_name(config)
            return "" if name in (None, default_dtype()) else text_literal(str(name))
        home = "keras.dtype_policies"
        parts = {
            path: f"{home}.get({text_literal(_policy_name(it))})" for path, it in policy.items()
        }
        pairs = ", ".join(f"{text_literal(path)}: {part}" for path, part in parts.items())
        given = ""
        if config["config"].get("default_policy") is not None:
            given = f"default_policy={text_literal(policy.default_policy.name)}, "
        return f"{home}.DTypePolicyMap({given}policy_map={{{pairs}}})"

    def _argument(self, name: str, value: Any, cls: Any, made: Any) -> str:
        per_axis = name in _PER_AXIS and public_operation(cls)
        if per_axis and isinstance(value, (tuple, list)) and len({*value}) == 1:
            return self.value(value[0])
        if cls.__name__ == "Bidirectional" and name == "layer":
            # Keras stores the name with the prefix that it adds to the forward layer.
            inner = dict(value["config"])
            inner["name"] = inner["name"].removeprefix("forward_")
            value = {**value, "config": inner}
        return self.value(value, _part(made, name, value))

    # -- values

    def value(self, value: Any, made: Any = None) -> str:
        """Writes a value of a configuration.

        Args:
            value: The value, in which Keras describes objects by dicts.
            made: The object that it describes, if known.

        Raises:
            NotWritableError: If it cannot be written.
        """
        import keras

        if value is None or isinstance(value, (str, int, float)):
            return literal(value)
        if isinstance(value, Mapping):
            return self._mapping(value, made)
        if isinstance(value, (list, tuple)):
            parts = made if isinstance(made, (list, tuple)) and len(made) == len(value) else ()
            known = [*parts, *[None] * (len(value) - len(parts))]
            return sequence(list(map(self.value, value, known)), type(value))
        if isinstance(value, keras.Variable) or keras.ops.is_tensor(value):
            value = keras.ops.convert_to_numpy(value)
            return self._array(value, "ops.convert_to_tensor")
        if hasattr(value, "tolist") and hasattr(value, "dtype"):
            # A scalar of NumPy is a number like others, where it is a setting.
            return self._array(value, "np.array") if value.shape else literal(value.tolist())
        if isinstance(value, keras.layers.Layer):
            return self._layer(value, configuration(value), type(value))
        if isinstance(value, keras.DTypePolicy):
            return text_literal(value.name)
        if callable(value) and hasattr(value, "__qualname__"):
            return self._function(value)
        if callable(getattr(value, "get_config", None)):
            return self._created(type(value), value.get_config(), value, {}).expression
        return literal(value)

    def constant(self, value: Any) -> str:
        """Writes an array or scalar among the arguments of a call, where its dtype counts."""
        import keras

        if isinstance(value, keras.Variable) or keras.ops.is_tensor(value):
            return self.value(value)
        return self._array(value, "np.array")

    def _plain(self, config: Mapping[str, Any], made: Any) -> str:
        """Writes a configuration itself, as a class takes it in `from_config`."""
        keys = [name for name in config if name not in _NOT_ARGUMENTS]
        pairs = (f"{text_literal(str(key))}: {self._raw(config[key])}" for key in keys)
        return f"{{{', '.join(pairs)}}}"

    def _raw(self, value: Any) -> str:
        if isinstance(value, Mapping):
            pairs = (f"{self._raw(key)}: {self._raw(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        if isinstance(value, (list, tuple)):
            return sequence(list(map(self._raw, value)), type(value))
        return self.value(value)

    def _array(self, value: Any, function: str) -> str:
        if value.size > MAX_NUMBERS:
            what = _("an array of shape {shape} and dtype {dtype}").format(
                shape=value.shape, dtype=value.dtype
            )
            return self.imports.undefined(identifier_of_array(self.subject), what)
        dtype = text_literal(str(value.dtype))
        if not value.size:
            return f"np.zeros({value.shape}, dtype={dtype})"
        return f"{function}({self.value(value.tolist())}, dtype={dtype})"

    def _mapping(self, value: Mapping[str, Any], made: Any) -> str:
        import numpy as np

        name, config = value.get("class_name"), value.get("config")
        if name == "__lambda__" or set(value) == {"value"}:
            return lambda_code(made, self.imports)
        if not isinstance(name, str):
            of = made if isinstance(made, Mapping) else {}
            pairs = (
                f"{self.value(key)}: {self.value(item, of.get(key))}"
                for key, item in value.items()
            )
            return f"{{{', '.join(pairs)}}}"
        if name == "__tuple__":
            return self.value(tuple(value.get("items", ())), made)
        if name == "__ellipsis__":
            return "..."
        if isinstance(config, Mapping):
            if name in ("__tensor__", "__numpy__"):
                array = np.array(config["value"])
                array = (
                    array if config["dtype"] == "bfloat16" else array.astype(config["dtype"])
                )
                numpy = name == "__numpy__"
                return self._array(array, "np.array" if numpy else "ops.convert_to_tensor")
            if name == "__slice__":
                return literal(slice(*(config[end] for end in ("start", "stop", "step"))))
            if name == "__bytes__":
                return literal(str(config["value"]).encode())
        if name in ("function", "method"):
            return self._named_function(value, made)
        if name == "DTypePolicy" and isinstance(config, Mapping):
            return text_literal(str(config["name"]))
        return self._described(value, made)

    def _described(self, value: Mapping[str, Any], made: Any) -> str:
        """Writes an object that is described in a configuration."""
        import keras

        cls = _class_of(value, made)
        config = value.get("config")
        if cls is None or not isinstance(config, Mapping):
            raise NotWritableError(
                _("{name} cannot be written").format(name=value["class_name"])
            )
        if issubclass(cls, keras.layers.Layer):
            return self._layer(made, config, cls)
        call = self._created(cls, config, made, {}).expression
        # An initializer without arguments can be given by its name, such as "he_normal".
        by_name = call.startswith("keras.initializers.") and call.endswith("()")
        by_name = by_name and cls.__name__ != "Constant"
        return text_literal(snake_case(cls.__name__)) if by_name else call

    def _layer(self, layer: Any, config: Mapping[str, Any] | Exception, cls: Any) -> str:
        """Writes a layer inside a layer."""
        variable = None if layer is None else self._variable_of(layer)
        if variable is not None:
            return variable
        if cls.__name__ in ("Functional", "Sequential") and public_operation(cls):
            raise NotWritableError(_("{name} cannot be written").format(name=cls.__name__))
        if isinstance(config, Exception):
            return self._variable_for(layer, self.of(layer, config))
        creation = self._created(cls, config, layer, {})
        return (
            self._variable_for(layer, creation) if creation.attributes else creation.expression
        )

    def _named_function(self, value: Mapping[str, Any], made: Any) -> str:
        """Writes a function, of which Keras keeps the name alone."""
        import keras

        registered = str(value["config"])
        if callable(made) and hasattr(made, "__qualname__"):
            return self._function(made)
        found = keras.saving.get_registered_object(registered)
        if found is not None:
            return self._function(found)
        module = str(value.get("module") or "builtins")
        if module.partition(".")[0] == "keras":
            return text_literal(str(value.get("registered_name") or registered))
        return self.imports.undefined(registered.rpartition(">")[2])

    def _function(self, function: Any) -> str:
        if function.__name__ == "<lambda>":
            return lambda_code(function, self.imports)
        return self.imports.of(function)


def identifier_of_array(subject: str) -> str:
    """Returns a name for an array in the settings or arguments of a layer."""
    from kfunc_lab.graph.keras.code.literals import identifier

    return f"{identifier(subject)}_array"


def _policy_name(policy: Any) -> str:
    """Returns the name of a dtype policy, also after Keras removed it to describe a map."""
    if policy.name:
        return str(policy.name)
    dtype = str(policy.compute_dtype)
    name = dtype if dtype == policy.variable_dtype else f"mixed_{dtype}"
    mode = policy.quantization_mode
    return f"{mode}_from_{name}" if mode else name


def _part(made: Any, name: str, value: Any) -> Any:
    """Returns the part of an object that an entry of its configuration describes, if found."""
    if made is None or not isinstance(value, (Mapping, list, tuple)):
        return None
    for key in (name, f"_{name}"):
        with contextlib.suppress(Exception):  # a property of a user's may raise anything
            if (held := getattr(made, key, None)) is not None:
                return held
    if not isinstance(value, Mapping):
        return None
    config = value.get("config")
    if value.get("class_name") == "function":
        found = [it for it in vars(made).values() if getattr(it, "__name__", None) == config]
        return found[0] if found else None
    if isinstance(config, Mapping) and hasattr(made, "_flatten_layers"):
        for layer in sublayers_of(made):
            same_name = layer.name.removeprefix("forward_") == config.get("name")
            if same_name and type(layer).__name__ == value.get("class_name"):
                return layer
    return None


def _class_of(value: Mapping[str, Any], made: Any) -> Any:
    """Returns the class of an object that is described in a configuration, if found."""
    import sys
    from functools import reduce

    import keras

    name = str(value["class_name"])
    if type(made).__name__ == name:
        return type(made)
    found = keras.saving.get_registered_object(str(value.get("registered_name") or name))
    if found is None:
        module: Any = sys.modules.get(str(value.get("module") or ""))
        found = reduce(lambda at, part: getattr(at, part, None), name.split("."), module)
    if found is None:  # a configuration of Keras 2 names no module
        homes = (keras.layers, keras.initializers, keras.regularizers, keras.constraints)
        found = next((getattr(home, name) for home in homes if hasattr(home, name)), None)
    return found if isinstance(found, type) else None


def default_float() -> str:
    """Returns the default dtype of an input."""
    import keras

    return str(keras.config.floatx())
