"""The frozen base of every model, and the number types that bound what a file may hold."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Set
from numbers import Integral
from typing import Annotated, Any, NoReturn, Self, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictBool,
    ValidationError,
)

from .errors import InputError
from .faults import from_validation

_JOINERS = frozenset("\u200c\u200d\ufe0e\ufe0f")
"""Invisible, but needed by Persian and Indic scripts and by emoji."""


def _clean_text(text: str) -> str:
    if not text.strip() or text != text.strip():
        raise ValueError("must not be empty, nor begin or end with a space")
    if not text.isprintable() and any(_is_hidden(character) for character in text):
        raise ValueError("must not hold control characters or other invisible ones")
    return text


def _is_hidden(character: str) -> bool:
    kind = unicodedata.category(character)
    return kind in {"Cc", "Cf", "Cs", "Zl", "Zp"} and character not in _JOINERS


Text = Annotated[str, Field(strict=True, max_length=2000), AfterValidator(_clean_text)]
Id = Annotated[str, Field(strict=True, max_length=200), AfterValidator(_clean_text)]
Flag = StrictBool


def refuse(faults: Iterable[str]) -> None:
    """Raise a ValueError that tells all faults, if there are any."""
    told = "; ".join(faults)
    if told:
        raise ValueError(told)


def _whole(value: object) -> object:
    """Return integers of other libraries, as NumPy's, as plain ones."""
    return int(value) if isinstance(value, Integral) and not isinstance(value, bool) else value


def refuse_sets(value: object) -> object:
    """Refuse a set where a list is asked for; all else is returned as it is, for others to check."""
    if isinstance(value, Set):
        raise ValueError("must be a list: a set keeps no order, so that one problem would have many digests")
    return value


def _number(**bounds: Any) -> Any:
    return Field(strict=True, allow_inf_nan=False, **bounds)


SMALLEST = 1e-6
"""Least size and duration above none: below, products of figures are lost in rounding."""
Count = Annotated[int, _number(ge=0, le=10**9), BeforeValidator(_whole)]
PositiveCount = Annotated[int, _number(gt=0, le=10**9), BeforeValidator(_whole)]
Amount = Annotated[float, _number(ge=0, le=1e12)]
PositiveAmount = Annotated[float, _number(ge=SMALLEST, le=1e12)]
Price = Annotated[float, _number(ge=0, le=1e6)]
SignedPrice = Annotated[float, _number(ge=-1e3, le=1e3)]
Milliseconds = Annotated[float, _number(ge=0, le=100_000)]
Hours = Annotated[float, _number(ge=0, le=1e6)]
PositiveHours = Annotated[float, _number(ge=SMALLEST, le=1e6)]
Fraction = Annotated[float, _number(ge=0, le=1)]
PositiveFraction = Annotated[float, _number(ge=SMALLEST, le=1)]
Latitude = Annotated[float, _number(ge=-90, le=90)]
Longitude = Annotated[float, _number(ge=-180, le=180)]

_K = TypeVar("_K")
_V = TypeVar("_V")


class FrozenDict(dict[_K, _V]):
    """A dict that cannot change, so that a problem may be shared between threads."""

    def _refuse(self, *_: Any, **__: Any) -> NoReturn:
        raise TypeError("this mapping is frozen; use replace() on the model that holds it")

    __setitem__ = __delitem__ = update = setdefault = pop = popitem = clear = __ior__ = _refuse

    def __hash__(self) -> int:  # type: ignore[override]
        return hash(frozenset(self.items()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (dict(self),)


class Frozen(BaseModel):
    """Immutable, and strict about its keys: an unknown key is a fault, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def replace(self, **changes: Any) -> Self:
        """Return a validated copy with some fields changed.

        Raises
        ------
        InputError
            When the change makes it faulty or inconsistent, with every fault.
        """
        data = {**{name: getattr(self, name) for name in type(self).model_fields}, **changes}
        try:
            return type(self)(**data)
        except ValidationError as error:
            raise InputError(from_validation(error, data, type(self))) from None

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Return a copy; with changes, a validated one as of :meth:`replace`.

        What pydantic does else keeps what was worked out of the fields before they changed.
        """
        return self.replace(**update) if update else super().model_copy(deep=deep)
