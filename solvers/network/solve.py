"""Network design: first solutions from reweighted relaxations, then improvement beside a proof."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from ..arrays import Bools
from ..blocks import BlockResult, Blocks, Floats
from .aside import Aside
from .dual import Dual
from .instance import Network, block_solution, network_of
from .linear import Bundles, bundles, route
from .programs import design_program
from .proof import remainder
from .search import Search
from .slope import reweighted, scaled_slopes, supported

WIDTHS = (0.1, 0.03, 0.01, 0.003)
"""Smoothing of the dual, relative to the usual cost of a unit."""
CLIMB = 150
KERNEL_WIDTHS = (0.1, 0.03)
WIDER = (0.3, 1.0)
"""Smoothing of the relaxations whose arcs are considered where those of the kernel lead no further."""
WORTH_CONSIDERING = 1e-3
"""Flow of a commodity in a relaxation, as a share of its most, from which an arc is in its kernel."""
SMALL_COLUMNS = 1_200
SMALL_SECONDS = 3.0
"""Whole models up to this size are tried here for so long."""
DUAL_SHARE, FIRST_SHARE = 0.35, 0.6
"""Shares of the time after which the next stage begins."""
LAST_SECONDS = 0.7
PROOF_ENDS_EARLIER_SECONDS = 2.0
"""So much before the time limit the whole model has to tell what it has found."""
LEAST_GAP = 1e-8
BOUND_ROUNDING = 1e-9
"""Share of a bound that rounding may have added."""

Progress = Callable[[float | None, float], None]


class Run:
    """One solve: its time, and the best flow and bound so far.

    Attributes
    ----------
    flow, value
        Best flow (A, K), None if none, and its cost.
    bound, infeasible
        What is proven.
    """

    def __init__(
        self,
        network: Network,
        seconds: float,
        gap_limit: float,
        progress: Progress | None,
        stop: Callable[[], bool] | None,
    ) -> None:
        self.network = network
        self.flow: Floats | None = None
        self.value, self.bound, self.infeasible = np.inf, -np.inf, False
        self._began, self._seconds = time.monotonic(), seconds
        self._gap_limit, self._progress = gap_limit, progress
        self._stop = stop or (lambda: False)

    def spent(self) -> float:
        """Return the seconds since it began."""
        return time.monotonic() - self._began

    def left(self) -> float:
        """Return the seconds left."""
        return self._seconds - self.spent()

    def over(self, share: float = 1.0) -> bool:
        """Return whether to stop: this share of the time is over, or somebody says so."""
        return self.spent() >= share * self._seconds or self._stop()

    def done(self) -> bool:
        """Return whether to stop, or whether the gap is closed."""
        room = max(self._gap_limit, LEAST_GAP) * abs(self.value)
        return self.over() or self.infeasible or self.value - self.bound <= room

    def take(self, flow: Floats) -> None:
        """Note a flow if it is better."""
        value = self.network.value(flow)
        if value < self.value:
            self.flow, self.value = flow, value
            self._tell()

    def prove(self, bound: float) -> None:
        """Note a bound if it is better."""
        bound = min(bound - BOUND_ROUNDING * abs(bound), self.value)
        if bound > self.bound:
            self.bound = bound
            self._tell()

    def _tell(self) -> None:
        if self._progress is not None:
            self._progress(None if self.flow is None else self.value, self.bound)


def solve_network(
    blocks: Blocks,
    *,
    time_limit: float,
    gap_limit: float = 1e-4,
    seed: int = 0,
    threads: int | None = None,
    progress: Progress | None = None,
    stop: Callable[[], bool] | None = None,
) -> BlockResult:
    """Carry all flows at the least cost of arcs used and resources opened.

    Parameters
    ----------
    blocks
        Flows only; resources are not expanded and no cost is negative.
    time_limit
        Seconds, kept within about two.
    gap_limit
        Relative gap at which to end.
    seed
        Of the improvement. The same seed gives the same result unless time stopped the solve.
    threads
        With 1 the proof is not run beside the improvement.
    progress, stop
        Told value (or None) and bound as they improve; asked whether to end.

    Raises
    ------
    ValueError
        When the blocks hold anything but such flows.
    """
    _require_flows_only(blocks)
    run = Run(network_of(blocks), time_limit, gap_limit, progress, stop)
    method = _solve(run, seed, beside=threads != 1)
    return BlockResult(
        solution=None if run.flow is None else block_solution(blocks, run.network, run.flow),
        objective=run.value,
        bound=np.inf if run.infeasible else run.bound,
        infeasible=run.infeasible,
        method=method,
        seconds=run.spent(),
    )


def _require_flows_only(blocks: Blocks) -> None:
    if len(blocks.choices) or len(blocks.divisions) or (blocks.resources.most_modules > 0).any():
        raise ValueError("choices, divisions and modules are not for this solver")
    if min(blocks.flows.cost.min(initial=0), blocks.resources.activation_cost.min(initial=0)) < 0:
        raise ValueError("negative costs are not for this solver")


def _solve(run: Run, seed: int, *, beside: bool) -> str:
    """Solve and return how."""
    network = run.network
    if not network.commodities:
        run.take(np.zeros((network.arcs, 0)))
        run.prove(0.0)
        return "nothing has to be carried"
    dual, bundle = Dual(network), bundles(network)
    _relax(run, dual, bundle)
    if run.done():
        return "linear relaxation"
    if network.arcs * network.commodities <= SMALL_COLUMNS and _whole(run, seed):
        return "whole model"
    workers = Aside(), Aside()
    try:
        return _improve(run, dual, bundle, workers, seed, beside=beside)
    finally:
        for worker in workers:
            worker.close()


def _relax(run: Run, dual: Dual, bundle: Bundles) -> None:
    """Route everything with opening costs spread over the capacities: feasible or not, and a first bound."""
    routed = route(run.network, bundle, dual.linear, seconds=run.left())
    run.infeasible = routed.infeasible
    if routed.flow is not None:
        run.take(bundle.apart(routed.flow))
        run.prove(routed.bound)


def _whole(run: Run, seed: int) -> bool:
    """Solve the whole of a small model here; return whether nothing remains to be done."""
    from ..programs.request import Request
    from ..programs.solve_program import solve_integer

    network = run.network
    everything = np.ones((network.arcs, network.commodities), dtype=bool)
    design = design_program(
        network, everything, network.capacity, np.zeros(len(network.capacity), dtype=bool)
    )
    seconds = min(SMALL_SECONDS, run.left())
    answer = solve_integer(design.program, Request(time_limit=seconds, seed=seed, watch=False))
    if answer.x is not None:
        run.take(design.flow(answer.x))
    run.prove(answer.bound)
    return run.done()


def _improve(
    run: Run, dual: Dual, bundle: Bundles, workers: tuple[Aside, Aside], seed: int, *, beside: bool
) -> str:
    """Bound by the dual, then first solutions, then neighbourhoods with the whole model beside them."""
    point, kernel = _climb(run, dual)
    if not run.over():
        kernel |= _first_solutions(run, dual, bundle, point)
    if run.flow is None:
        return "dual bound"
    searching, proving = workers
    proof = _Proof(run, proving, kernel, dual, point, seed=seed) if beside and not run.done() else None
    halt = run.over if proof is None else proof.halt
    search = Search(run.network, run.flow, _kernels(dual, point, kernel), seed)
    while not run.done() and run.left() > LAST_SECONDS and not halt():
        if search.step(searching, run.left() - LAST_SECONDS, halt):
            run.take(search.flow)
    return "dual bound, reweighted relaxations, neighbourhoods" + (proof.said if proof else "")


def _kernels(dual: Dual, point: Floats, kernel: Bools) -> list[Bools]:
    """Return the kernel and wider ones."""
    kernels = [kernel]
    for width in WIDER:
        considered = dual.relaxed(point, width).flow > WORTH_CONSIDERING * dual.most
        kernels.append(kernels[-1] | considered)
    return kernels


class _Proof:
    """The whole model in a process of its own, while the search goes on."""

    def __init__(
        self, run: Run, worker: Aside, kernel: Bools, dual: Dual, point: Floats, *, seed: int
    ) -> None:
        self.said = ""
        self._run, self._worker = run, worker
        self._rest = remainder(run.network, dual, point, run.value, kernel)
        self._ended = self._rest is None
        if self._rest is not None:
            self.said = ", whole model beside them"
            seconds = max(run.left() - PROOF_ENDS_EARLIER_SECONDS, 0.1)
            worker.submit(self._rest.design.program, seconds, 0.0, seed, watch=True)

    def halt(self) -> bool:
        """Note what the whole model has told; return whether it has settled everything, or time is over."""
        if self._rest is None or self._ended:
            return self._run.over()
        answer = self._worker.poll()
        self._run.prove(self._rest.bound(self._worker.bound))
        if answer is None:
            return self._run.done()
        self._ended = True
        if answer.x is not None:
            self._run.take(self._rest.design.flow(answer.x))
        self._run.prove(self._rest.bound(np.inf if answer.infeasible else answer.bound))
        early = self._run.left() > 2 * PROOF_ENDS_EARLIER_SECONDS
        return early or self._run.done()


def _climb(run: Run, dual: Dual) -> tuple[Floats, Bools]:
    """Return a point of the dual and, for each commodity, the arcs that its relaxations consider."""
    point = dual.start()
    kernel = np.zeros(dual.most.shape, dtype=bool)
    for width in WIDTHS:
        point = dual.climb(point, width, CLIMB)
        run.prove(dual.bound(point))
        if run.over(DUAL_SHARE):
            break
    for width in KERNEL_WIDTHS:
        kernel |= dual.relaxed(point, width).flow > WORTH_CONSIDERING * dual.most
    return point, kernel


def _first_solutions(run: Run, dual: Dual, bundle: Bundles, point: Floats) -> Bools:
    """Take the solutions of reweighted relaxations; return the arcs that these consider."""
    network = run.network
    kernel = np.zeros(dual.most.shape, dtype=bool)
    arcs = np.zeros(network.arcs, dtype=bool)
    for found in reweighted(dual, point, lambda: run.over(FIRST_SHARE)):
        kernel |= found.flow > WORTH_CONSIDERING * dual.most
        load = network.load(found.flow)
        support = supported(network, found)
        arcs[support] = True
        scaled = scaled_slopes(network, bundle, support, load, run.over)
        scaled = scaled or scaled_slopes(network, bundle, np.flatnonzero(arcs), load, run.over)
        if scaled is not None:
            run.take(bundle.apart(scaled[0]))
    return kernel
