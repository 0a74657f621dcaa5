"""Options that many commands take, declared once: a command names one parameter, and the rest of its signature is its own."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import typer

Make = Callable[[typer.Context, Mapping[str, Any]], Any]
Decorator = Callable[[Callable[..., None]], Callable[..., None]]


def shared_options(make: Make, *declared: Callable[..., None]) -> Decorator:
    """A decorator for typer commands: what `make` builds of the options that `declared` have becomes the first parameter.

    They stand behind the command's own ones; every one of them is keyword-only.
    """
    shared = {
        name: option for each in declared for name, option in inspect.signature(each, eval_str=True).parameters.items()
    }

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        @functools.wraps(command)
        def asked(context: typer.Context, **given: Any) -> None:
            made = make(context, {name: given.pop(name) for name in shared})
            command(made, **given)

        context = inspect.Parameter("context", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=typer.Context)
        _, *own = inspect.signature(command, eval_str=True).parameters.values()
        keywords = [each.replace(kind=inspect.Parameter.KEYWORD_ONLY) for each in (*own, *shared.values())]
        parameters = [context, *keywords]
        # What typer reads: names, types and defaults of the options.
        del asked.__dict__["__wrapped__"]
        asked.__dict__["__signature__"] = inspect.Signature(parameters)
        asked.__annotations__ = {each.name: each.annotation for each in parameters}
        return asked

    return decorate
