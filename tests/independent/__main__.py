"""Long comparisons: ``python -m tests.independent --seeds A B --minutes M``, where the repository is."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from computeroute.routing import Problem

from .compare import (
    BY_THE_MODEL,
    KINDS,
    NOT_WRONG,
    SOLVERS,
    Finding,
    NotProvenError,
    Reference,
    findings,
    plan_of,
)
from .generate import random_problem


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.independent", description=__doc__)
    parser.add_argument(
        "--seeds", nargs=2, type=int, required=True, metavar=("A", "B"), help="A included, B not"
    )
    parser.add_argument("--minutes", type=float, default=60.0)
    parser.add_argument("--solvers", default=",".join(SOLVERS))
    parser.add_argument("--time-limit", type=float, default=10.0, help="seconds for every plan")
    parser.add_argument(
        "--cores", type=int, default=1, help="of every solve; with 2, searches run side by side"
    )
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--out", type=Path, help="folder for the problems on which something is wrong")
    return parser.parse_args()


def _try_seed(
    seed: int, solvers: list[str], seconds: float, cores: int
) -> tuple[int, Counter[str], list[str]]:
    """Compare all solvers on one problem; return counts and what was found, in words."""
    problem, counts, told = Problem.parse(random_problem(seed)), Counter({"problems": 1}), []
    try:
        reference = Reference(problem)
        for solver in solvers:
            found = _try(reference, solver, seconds, cores, counts)
            told += [f"{each.kind}: seed {seed}, {solver}: {each.message}" for each in found]
        if any(_kind(line) in BY_THE_MODEL for line in told) and reference.doubt():
            told = [f"doubt: {line}" if _kind(line) in BY_THE_MODEL else line for line in told]
    except NotProvenError:
        counts["not proven by the model"] += 1
    counts.update(map(_kind, told))
    return seed, counts, told


def _try(
    reference: Reference, solver: str, seconds: float, cores: int, counts: Counter[str]
) -> list[Finding]:
    begun = time.monotonic()
    plan = plan_of(reference.problem, solver, seconds, cores)
    counts["solves"] += 1
    counts["over twice the time limit"] += time.monotonic() - begun > 2 * seconds + 1
    if isinstance(plan, Finding):
        return [plan]
    counts["timeouts" if plan.stopped_by == "time" else f"status {plan.status}"] += 1
    return findings(reference, plan)


def _kind(line: str) -> str:
    return line.split(":", maxsplit=1)[0]


def _is_wrong(told: list[str]) -> bool:
    return any(_kind(line) not in NOT_WRONG for line in told)


def _keep(folder: Path, seed: int, told: list[str]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{seed}.json").write_text(json.dumps(random_problem(seed), indent=1), encoding="utf-8")
    (folder / f"seed-{seed}.txt").write_text("\n".join(told) + "\n", encoding="utf-8")


def _tell(lines: list[str]) -> None:
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def main() -> int:
    """Run, print counts, return 1 if anything is wrong."""
    given, counts = _arguments(), Counter[str]()
    solvers, end = given.solvers.split(","), time.monotonic() + 60 * given.minutes
    with ProcessPoolExecutor(given.processes) as pool:
        waiting, seeds = set(), iter(range(*given.seeds))
        while True:
            while len(waiting) < 2 * given.processes and time.monotonic() < end:
                if (seed := next(seeds, None)) is None:
                    break
                waiting.add(pool.submit(_try_seed, seed, solvers, given.time_limit, given.cores))
            if not waiting:
                break
            done = next(as_completed(waiting))
            waiting.discard(done)
            seed, more, told = done.result()
            counts += more
            _tell(told)
            if given.out and _is_wrong(told):
                _keep(given.out, seed, told)
    _tell([f"{name:28} {count}" for name, count in sorted(counts.items())])
    return int(any(counts[name] for name in KINDS - NOT_WRONG))


if __name__ == "__main__":
    sys.exit(main())
