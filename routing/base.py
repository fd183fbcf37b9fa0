"""The frozen base of every model, and the number types that bound what a file may hold."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictBool


def _clean_text(text: str) -> str:
    if not text.strip() or text != text.strip():
        raise ValueError("must not be empty, nor begin or end with a space")
    if any(ord(character) < 32 or 127 <= ord(character) < 160 for character in text):
        raise ValueError("must not hold control characters")
    return text


Text = Annotated[str, Field(strict=True, max_length=2000), AfterValidator(_clean_text)]
Id = Annotated[str, Field(strict=True, max_length=200), AfterValidator(_clean_text)]
Flag = StrictBool


def _number(**bounds: float) -> Any:
    return Field(strict=True, allow_inf_nan=False, **bounds)


Count = Annotated[int, _number(ge=0, le=10**9)]
PositiveCount = Annotated[int, _number(gt=0, le=10**9)]
Amount = Annotated[float, _number(ge=0, le=1e12)]
PositiveAmount = Annotated[float, _number(gt=0, le=1e12)]
Price = Annotated[float, _number(ge=0, le=1e6)]
SignedPrice = Annotated[float, _number(ge=-1e3, le=1e3)]
Milliseconds = Annotated[float, _number(ge=0, le=100_000)]
Hours = Annotated[float, _number(ge=0, le=1e6)]
PositiveHours = Annotated[float, _number(gt=0, le=1e6)]
Fraction = Annotated[float, _number(ge=0, le=1)]
PositiveFraction = Annotated[float, _number(gt=0, le=1)]
Latitude = Annotated[float, _number(ge=-90, le=90)]
Longitude = Annotated[float, _number(ge=-180, le=180)]


class Frozen(BaseModel):
    """Immutable, and strict about its keys: an unknown key is a fault, not a silence."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True)

    def replace(self, **changes: Any) -> Any:
        """Return a validated copy with some fields changed.

        Raises
        ------
        InputError
            When this is a :class:`Problem` and the change makes it inconsistent.
        """
        data = {name: getattr(self, name) for name in type(self).model_fields}
        return type(self)(**{**data, **changes})
