"""Writes the Python expression that creates a layer or operation."""

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

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


class NotWritableError(ValueError):
    """An object cannot be written as code; the message says which and why."""


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
    try:
        return Expressions().of(operation, config)
    except Exception:  # a custom layer may raise anything
        return ""


class Expressions:
    """Writes expressions and collects the imports that they need.

    Attributes:
        imports: The modules of custom classes and functions, by name.
    """

    def __init__(self) -> None:
        self.imports: dict[str, str] = {}

    def of(self, operation: Any, config: Mapping[str, Any] | Exception | None = None) -> str:
        """Writes the expression that creates a layer; for a raw operation its function.

        Raises:
            NotWritableError: If it cannot be written.
        """
        import keras

        cls: Any = type(operation)
        if not isinstance(operation, keras.layers.Layer):
            return function_name(cls)
        config = configuration(operation) if config is None else config
        if isinstance(config, NotImplementedError):
            raise NotWritableError(
                _("its class has no get_config, and an argument cannot be serialised")
            ) from config
        if isinstance(config, Exception):
            raise NotWritableError(
                _("its get_config fails: {reason}").format(reason=config)
            ) from config
        if isinstance(operation, keras.layers.InputLayer):
            return self.input(config)
        if "name" not in config and _accepts_name(cls):
            config = {**config, "name": operation.name}
        return self._call(self._class_name(cls), cls, config)

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

    def _class_name(self, cls: Any) -> str:
        import keras

        name: str = cls.__name__
        if cls.__module__.partition(".")[0] == "keras":
            for home, module in (("layers", keras.layers), *_HOMES(keras)):
                if getattr(module, name, None) is cls:
                    return f"{home}.{name}"
        if not cls.__qualname__.isidentifier():
            raise NotWritableError(
                _("its class {name} is defined inside a function").format(name=cls.__qualname__)
            )
        self.imports[name] = cls.__module__
        return name

    def _call(self, name_of_class: str, cls: Any, config: Mapping[str, Any]) -> str:
        """Writes a constructor call with the arguments that differ from their defaults."""
        defaults = constructor_defaults(cls)
        config = {name: value for name, value in config.items() if name not in _NOT_ARGUMENTS}
        positional, named = [], []
        for name in _required(cls):
            if name not in config:
                break
            positional.append(self._argument(name, config.pop(name), cls))
        for name, value in config.items():
            if name in ("name", "trainable", "dtype"):
                continue
            if is_derived(name, value, cls, defaults):
                continue
            if not is_default(name, value, defaults.get(name, inspect.Parameter.empty), config):
                named.append(f"{name}={self._argument(name, value, cls)}")
        policy = dtype_name(config.get("dtype"))
        if policy is not None and policy != default_dtype():
            named.append(f"dtype={text_literal(policy)}")
        if config.get("trainable") is False:
            named.append("trainable=False")
        if isinstance(config.get("name"), str):
            named.append(f"name={text_literal(config['name'])}")
        return f"{name_of_class}({', '.join([*positional, *named])})"

    def _argument(self, name: str, value: Any, cls: Any) -> str:
        if name in _PER_AXIS and isinstance(value, (tuple, list)) and len({*value}) == 1:
            return self.value(value[0])
        if cls.__name__ == "Bidirectional" and name == "layer":
            # Keras stores the name with the prefix that it adds to the forward layer.
            inner = dict(value["config"])
            inner["name"] = inner["name"].removeprefix("forward_")
            value = {**value, "config": inner}
        return self.value(value)

    def value(self, value: Any) -> str:
        """Writes a value of a configuration.

        Raises:
            NotWritableError: If it cannot be written.
        """
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, str):
            return text_literal(value)
        if isinstance(value, (bool, int)) or value is None or value is Ellipsis:
            return "..." if value is Ellipsis else repr(value)
        if isinstance(value, float):
            return repr(value) if value - value == 0 else f'float("{value!r}")'
        if isinstance(value, (list, tuple)):
            inside = ", ".join(map(self.value, value))
            if isinstance(value, list):
                return f"[{inside}]"
            return f"({inside},)" if len(value) == 1 else f"({inside})"
        if isinstance(value, slice):
            return f"slice({', '.join(map(self.value, (value.start, value.stop, value.step)))})"
        if hasattr(value, "tolist") and hasattr(value, "dtype"):
            return self._array(value)
        raise NotWritableError(
            _("a value of type {name} cannot be written").format(name=type(value).__name__)
        )

    def _array(self, value: Any) -> str:
        elements = self.value(value.tolist())
        if not getattr(value, "shape", ()):
            return elements
        function = "np.array" if type(value).__module__ == "numpy" else "ops.convert_to_tensor"
        return f'{function}({elements}, dtype="{value.dtype}")'

    def _mapping(self, value: Mapping[str, Any]) -> str:
        import keras

        name, config = value.get("class_name"), value.get("config")
        if name == "__lambda__" or set(value) == {"value"}:
            raise NotWritableError(_("a lambda function cannot be written"))
        if not isinstance(name, str):
            pairs = (f"{self.value(key)}: {self.value(item)}" for key, item in value.items())
            return f"{{{', '.join(pairs)}}}"
        if name == "__tuple__":
            return self.value(tuple(value.get("items", ())))
        if name in ("__tensor__", "__numpy__") and isinstance(config, Mapping):
            function = "np.array" if name == "__numpy__" else "ops.convert_to_tensor"
            return f'{function}({self.value(config["value"])}, dtype="{config["dtype"]}")'
        if name == "function":
            return self._function(value)
        if name == "DTypePolicy" and isinstance(config, Mapping):
            return text_literal(str(config["name"]))
        for home, module in (("layers", keras.layers), *_HOMES(keras)):
            cls = getattr(module, name, None)
            if isinstance(cls, type) and isinstance(config, Mapping):
                if home == "layers" and name in ("Functional", "Sequential"):
                    break
                return self._keras_object(home, name, cls, config)
        return self._custom_object(value)

    def _keras_object(self, home: str, name: str, cls: Any, config: Mapping[str, Any]) -> str:
        call = self._call(f"{home}.{name}", cls, config)
        # An initializer without arguments can be given by its name, such as "he_normal".
        by_name = home == "keras.initializers" and call.endswith("()") and name != "Constant"
        return text_literal(snake_case(name)) if by_name else call

    def _function(self, value: Mapping[str, Any]) -> str:
        name = str(value["config"])
        if str(value.get("module", "builtins")).partition(".")[0] in ("keras", "builtins"):
            return text_literal(str(value.get("registered_name") or name))
        self.imports[name] = str(value["module"])
        return name

    def _custom_object(self, value: Mapping[str, Any]) -> str:
        """Writes an object of a custom class that is nested in a configuration."""
        import keras

        name = str(value["class_name"])
        registered = str(value.get("registered_name") or name)
        cls = keras.saving.get_registered_object(registered)
        if cls is None or not isinstance(value.get("config"), Mapping):
            raise NotWritableError(_("{name} cannot be written").format(name=name))
        return self._call(self._class_name(cls), cls, value["config"])


def _HOMES(keras: Any) -> Iterator[tuple[str, Any]]:  # noqa: N802
    for name in ("initializers", "regularizers", "constraints", "quantizers"):
        yield f"keras.{name}", getattr(keras, name)


def default_float() -> str:
    """Returns the default dtype of an input."""
    import keras

    return str(keras.config.floatx())


@lru_cache(maxsize=1024)
def _required(cls: Any) -> tuple[str, ...]:
    """Returns the leading arguments of the constructor that have no default."""
    try:
        parameters = list(inspect.signature(cls.__init__).parameters.values())[1:]
    except (TypeError, ValueError):
        return ()
    names = []
    for parameter in parameters:
        if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD:
            break
        if parameter.default is not inspect.Parameter.empty:
            break
        names.append(parameter.name)
    return tuple(names)


@lru_cache(maxsize=1024)
def _accepts_name(cls: Any) -> bool:
    parameters = inspect.signature(cls.__init__).parameters.values()
    return any(
        parameter.kind is parameter.VAR_KEYWORD or parameter.name == "name"
        for parameter in parameters
    )


def function_name(cls: Any) -> str:
    """Returns the name of a raw operation's public function, such as `"ops.add"`.

    Raises:
        NotWritableError: If Keras has no such function.
    """
    return _function_and_name(cls)[1]


def operation_function(cls: Any) -> Callable[..., Any]:
    """Returns the public function of a raw operation."""
    function: Callable[..., Any] = _function_and_name(cls)[0]
    return function


@lru_cache(maxsize=1024)
def _function_and_name(cls: Any) -> tuple[Any, str]:
    import keras

    target = cls.__name__.lower()
    home = cls.__module__.rpartition(".")[2]
    modules = [("ops", keras.ops)]
    if hasattr(keras.ops, home):
        modules.insert(0, (f"ops.{home}", getattr(keras.ops, home)))
    for prefix, module in reversed(modules):
        for name in dir(module):
            if name.replace("_", "") == target and callable(getattr(module, name)):
                return getattr(module, name), f"{prefix}.{name}"
    raise NotWritableError(
        _("Keras has no public function for the operation {name}").format(name=cls.__name__)
    )


def text_literal(text: str) -> str:
    """Writes a string as a Python literal in double quotes, on one line.

    Example:
        >>> print(text_literal("two words"))
        "two words"
    """
    if text.isalnum() or text.replace("_", "").isalnum():
        return f'"{text}"'
    return '"' + "".join(map(_character, text)) + '"'


def _character(character: str) -> str:
    if character in '"\\':
        return "\\" + character
    if character.isprintable():
        return character
    number = ord(character)
    return f"\\x{number:02x}" if number < 256 else f"\\U{number:08x}"


def identifier(text: str) -> str:
    """Converts the name of a layer to a valid name for a variable.

    Example:
        >>> identifier("Conv 2d/1"), identifier("2nd")
        ('conv_2d_1', 'x_2nd')
    """
    name = re.sub(r"\W+", "_", text.lower()).strip("_")[:40] or "x"
    return (
        name if name[0].isalpha() and name.isascii() else f"x_{name}" if name.isascii() else "x"
    )
