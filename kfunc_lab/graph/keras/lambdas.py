"""Writes lambda functions."""

from typing import Any

from kfunc_lab.graph.keras.imports import Imports
from kfunc_lab.graph.keras.literals import NotWritableError
from kfunc_lab.locale import _


def lambda_code(function: Any, imports: Imports) -> str:
    raise NotWritableError(_("a lambda function cannot be written"))
