"""An asyncio service that plans while it answers others."""

import asyncio
import threading

from computeroute.routing import Plan, Problem
from computeroute.solvers import Progress, solve
from computeroute.topologies import load


async def plan(problem: Problem, cancel: threading.Event, reports: asyncio.Queue[Progress]) -> Plan:
    """Plan in a worker thread; a cancelled task stops the solver too."""
    loop = asyncio.get_running_loop()

    def tell(report: Progress) -> None:
        loop.call_soon_threadsafe(reports.put_nowait, report)

    try:
        return await asyncio.to_thread(solve, problem, time_limit=30, progress=tell, cancel=cancel)
    except asyncio.CancelledError:
        cancel.set()
        raise


async def main() -> None:
    """Plan one problem twice at once, and give a third plan up."""
    problem = load("two-sites")
    reports: asyncio.Queue[Progress] = asyncio.Queue()
    one, other = await asyncio.gather(*(plan(problem, threading.Event(), reports) for _ in range(2)))
    print(one.status, one.objective == other.objective, "reports:", reports.qsize() > 0)

    cancel = threading.Event()
    task = asyncio.create_task(plan(problem, cancel, reports))
    await asyncio.sleep(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled:", cancel.is_set())


if __name__ == "__main__":
    asyncio.run(main())
