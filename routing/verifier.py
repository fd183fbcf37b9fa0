"""The independent verifier: recomputes a plan from the problem and the plan alone.

It shares no code with the solvers, walks every route hop by hop, and names every rule that is broken and
every figure that is stated wrongly. Figures agree within 1e-6, relative to the larger, plus 1e-6.
"""

from __future__ import annotations

from .check_findings import CONSTRAINTS, Findings, Violation
from .check_idle import check_idle
from .check_jobs import check_jobs
from .check_left_out import check_left_out
from .check_money import settle
from .check_moving import check_moving, settle_moving
from .check_resources import check_resources, uses
from .check_services import check_services
from .check_spread import check_spread
from .check_structure import check_place_once, is_of_another, shape_is_sound, sound_parts
from .check_survival import check_survival
from .check_totals import check_no_plan, check_totals
from .collecting import collection_paused
from .errors import require
from .plan import Plan
from .problem import Problem

__all__ = ["CONSTRAINTS", "Violation", "check"]


@collection_paused()
def check(problem: Problem, plan: Plan) -> list[Violation]:
    """Return every way in which ``plan`` is not a correct plan for ``problem``; empty when it is one.

    Parameters
    ----------
    problem
        The problem that the plan is for.
    plan
        The plan, from any source: it is trusted in nothing.

    Returns
    -------
    list[Violation]
        Sorted; at most one for each constraint and element, with the worst figure. Entries with unknown ids
        are reported and left out of the sums, so that further figures may then be reported as well. Of a plan
        for another problem that names what this one lacks, only that is told; one for a problem that differs
        in figures is checked to the end.

    Raises
    ------
    InputError
        When one of the two is something else.
    """
    require("problem", problem, Problem, "a Problem")
    require("plan", plan, Plan, "a Plan")
    findings = Findings()
    if not shape_is_sound(plan, findings):
        return findings.violations()
    if is_of_another(problem, plan, findings):
        return findings.violations()
    sound = sound_parts(problem, plan, findings)
    if not plan:
        check_no_plan(plan, findings)
        return findings.violations()
    check_place_once(sound, findings)
    check_jobs(sound, findings)
    check_services(sound, findings)
    check_idle(sound, findings)
    check_spread(sound, findings)
    check_survival(sound, findings)
    held = list(uses(sound))
    check_resources(sound, held, findings)
    check_moving(sound, findings)
    ledger = settle(sound, held)
    settle_moving(sound, ledger)
    check_totals(sound, ledger, findings)
    check_left_out(sound, findings)
    return findings.violations()
