"""A plan as pandas data frames, for notebooks and reports."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .errors import MissingExtraError, require
from .plan import Plan
from .plan_tables import TABLE_NAMES, plan_table

if TYPE_CHECKING:
    import pandas as pd


def to_frames(plan: Plan) -> dict[str, pd.DataFrame]:
    """Return the tables of a plan as data frames by name.

    The names are those of ``route plan --table``: ``jobs``, ``placements``, ``services``, ``flows``,
    ``routes``, ``cost``, ``left_out``, ``pool_use``, ``link_use`` and so on. Numbers are unrounded and carry
    their unit in the column's name; a value that does not apply is missing (NaN or None).

    Raises
    ------
    InputError
        For anything but a plan.
    MissingExtraError
        When pandas is not installed (the extra ``pandas``).
    """
    require("plan", plan, Plan, "a Plan")
    try:
        import pandas as pd
    except ImportError:
        raise MissingExtraError("pandas", "pandas") from None
    tables = {name: plan_table(plan, name) for name in TABLE_NAMES}
    return {
        name: pd.DataFrame(list(table.rows), columns=[column.name for column in table.columns])
        for name, table in tables.items()
    }
