"""Solvers agree with the independent model on 300 random problems, and the model with worked instances."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from computeroute.routing import InputError, Problem
from computeroute.topologies import load

from .compare import NOT_WRONG, SOLVERS, Finding, Reference, findings, plan_of
from .generate import FAMILIES, random_problem
from .model import Best, Model

HERE = Path(__file__).parent
DEFECTS = sorted((HERE.parents[2] / "shared" / "defects").glob("*.json"))
FIELDS_ONLY = {"computeroute.routing." + name for name in ("problem", "sites", "workloads")}
"""All that files of the model may import of the package: the models of a file."""
NO_MODEL = {"__init__", "__main__", "compare", "test_independent"}
FILES_OF_THE_MODEL = sorted({path.stem for path in HERE.glob("*.py")} - NO_MODEL)
PROBLEMS, AT_ONCE = 300, 20


def imports(name: str) -> Iterator[str]:
    """Yield the modules of the package that a file of this folder imports."""
    for node in ast.walk(ast.parse((HERE / f"{name}.py").read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        yield from (each for each in names if each.startswith("computeroute"))


@pytest.mark.parametrize("name", FILES_OF_THE_MODEL)
def test_the_model_shares_nothing_but_fields_with_the_package(name: str) -> None:
    assert set(imports(name)) <= FIELDS_ONLY


def test_only_the_comparison_calls_solvers() -> None:
    files = {path.stem for path in HERE.glob("*.py")}
    assert {name for name in files if "computeroute.solvers" in set(imports(name))} == {"compare"}


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(0, PROBLEMS, AT_ONCE))
def test_solvers_agree_with_the_model(first: int) -> None:
    wrong = [told for seed in range(first, first + AT_ONCE) for told in _compare(seed)]
    assert not wrong, "\n".join(wrong)


def _compare(seed: int) -> Iterator[str]:
    solver = SOLVERS[seed // len(FAMILIES) % len(SOLVERS)]
    reference = Reference(Problem.parse(random_problem(seed)))
    plan = plan_of(reference.problem, solver, 3.0)
    found = [plan] if isinstance(plan, Finding) else findings(reference, plan)
    return (
        f"seed {seed}, {solver}: {each.kind}: {each.message}" for each in found if each.kind not in NOT_WRONG
    )


@pytest.mark.no_cover
@pytest.mark.parametrize("path", DEFECTS, ids=lambda path: path.stem)
@pytest.mark.parametrize("solver", ["highs", "decomposition"])
def test_known_defects_are_mended(path: Path, solver: str) -> None:
    try:
        problem = load(str(path))
    except InputError:
        return  # figures that are refused are no longer planned wrongly
    plan = plan_of(problem, solver, 10.0)
    assert not isinstance(plan, Finding)
    assert findings(Reference(problem), plan) == []


def world(**changes: Any) -> Problem:
    """Return two sites, x and y, each a link away from users u, with one pool each, for 10 hours."""
    link = {"bandwidth_gbps": 1000, "latency_ms": 5}
    data: dict[str, Any] = {
        "periods": [{"id": "day", "hours": 10}],
        "accelerators": [{"id": "a", "peak_tflops": 1000, "memory_gb": 80, "tdp_w": 1000}],
        "locations": [{"id": "u", "jurisdiction": "DE"}],
        "data_centers": [{"id": "x", "jurisdiction": "DE"}, {"id": "y", "jurisdiction": "FR"}],
        "pools": [
            {"id": "px", "data_center": "x", "accelerator": "a", "count": 4, "usd_per_accelerator_hour": 1},
            {"id": "py", "data_center": "y", "accelerator": "a", "count": 4, "usd_per_accelerator_hour": 2},
        ],
        "links": [{"source": "u", "target": site, **link} for site in "xy"],
        "workloads": [],
    }  # fmt: skip
    return Problem.parse({**data, **changes})


def job(count: int = 4, hours: float = 5, **more: Any) -> dict[str, Any]:
    """Return a job of so many accelerators."""
    needs = [{"accelerator": "a", "count": count, "hours": hours}]
    return {"kind": "training", "id": "j", "needs": needs, **more}


def service(rps: float | list[float], **more: Any) -> dict[str, Any]:
    """Return a service for users u, of 10 requests/s a replica."""
    return {"kind": "inference", "id": "s", "demand": [{"location": "u", "requests_per_second": rps}],
            "serving": [{"accelerator": "a", "requests_per_second": 10}], **more}  # fmt: skip


def best(problem: Problem) -> tuple[float, float]:
    """Return the optimum, rounded."""
    found: Best = Model(problem).best()
    assert found.unserved is not None
    assert found.cost is not None
    return round(found.unserved, 5), round(found.cost, 4)


def test_a_job_takes_the_cheaper_pool() -> None:
    # 4 accelerators for 5 h at 1 USD.
    assert best(world(workloads=[job()])) == (0, 20)


def test_who_is_left_out_counts_by_priority() -> None:
    # Three jobs of 4 for 10 h, two pools of 4: the least priority stays out; 40 h at 1 and 40 h at 2 USD.
    jobs = [
        {**job(hours=10), "id": name, "priority": rank} for name, rank in (("a", 3), ("b", 0.5), ("c", 1))
    ]
    assert best(world(workloads=jobs)) == (0.5, 120)


def test_replicas_are_whole_and_follow_utilisation() -> None:
    # 21 requests/s at 7 a replica: 3 for 10 h at 1 USD.
    assert best(world(workloads=[service(21, target_utilization=0.7)])) == (0, 30)


def test_a_loss_of_a_site_asks_for_replicas_at_both() -> None:
    # 20 requests/s have to fit into x alone and into y alone: 2 replicas at each, 20 + 40 USD.
    assert best(world(workloads=[service(20, survive="site")])) == (0, 60)


def test_a_loss_of_a_link_moves_requests_only() -> None:
    # With a second link to x, two links lead there, and no loss takes it away.
    link = {"bandwidth_gbps": 1000, "latency_ms": 5}
    links = [{"id": name, "source": "u", "target": "x", **link} for name in ("one", "two")]
    assert best(world(links=links, workloads=[service(20, survive="link")])) == (0, 20)


def test_two_sites_cross_one_link_with_dataset_and_synchronisation() -> None:
    # 9 GB in an hour are 0.02 Gbit/s, half of it to each site; 0.03 are reserved each way between them. From
    # m on, each way to a site carries 0.01 + 0.03, and u to m both shares, 0.02: all fits into 0.04.
    def plan(gbps: float) -> tuple[float, float]:
        link = {"bandwidth_gbps": gbps, "latency_ms": 1}
        links = [{"source": one, "target": "m", **link} for one in "uxy"]
        split = {"min_bandwidth_gbps": 0.03, "max_rtt_ms": 9, "efficiency": 0.5}
        data = {"at": ["u"], "gb": 9, "transfer_hours": 1}
        places = [{"id": name, "jurisdiction": "DE"} for name in "um"]
        work = job(8, 5, max_sites=2, multi_site=split, dataset=data)
        return best(world(links=links, locations=places, workloads=[work]))

    # Half as fast: 8 accelerators for 10 h, half at 1 and half at 2 USD.
    assert plan(0.04) == (0, 120)
    assert plan(0.039) == (1, 0)


def test_a_narrow_link_sends_requests_another_way() -> None:
    # 10 requests/s of 1000 kB answer with 0.08 Gbit/s; ux carries 0.04, so 5 of 10 go by m at 0.01 USD/GB:
    # 5 * 36,000 s * 1e-3 GB = 180 GB, 1.80 USD, beside 10 h of one replica.
    link = {"latency_ms": 5, "source": "u", "target": "x"}
    links = [{**link, "bandwidth_gbps": 0.04}, {**link, "bandwidth_gbps": 1, "usd_per_gb": 0.01}]
    assert best(world(links=links, workloads=[service(10, response_kb=1000)])) == (0, 11.8)


def test_a_job_pauses_where_energy_is_dear() -> None:
    # 1 kW each: 10 h in the two cheap periods of 5 h; (1 + 0.1) USD * 4 * 10 h.
    periods = [{"id": f"t{n}", "hours": 5} for n in range(3)]
    sites = [{"id": "x", "jurisdiction": "DE", "kind": "colo", "usd_per_kwh": [0.1, 9, 0.1]},
             {"id": "y", "jurisdiction": "FR"}]  # fmt: skip
    work = job(hours=10, interruptible=True)
    assert best(world(periods=periods, data_centers=sites, workloads=[work])) == (0, 44)


def test_a_continuing_job_pays_to_its_end() -> None:
    # 10 h in the horizon and 10 after it; only 2 of the 4 accelerators are committed, so each hour beyond is
    # on demand. Committed: 20 h at 0.5; over: 20 h at 1; beyond: 40 h at 1.
    pools = [{"id": "px", "data_center": "x", "accelerator": "a", "count": 4, "usd_per_accelerator_hour": 1,
              "committed_count": 2, "committed_usd_per_accelerator_hour": 0.5}]  # fmt: skip
    assert best(world(pools=pools, workloads=[job(hours=20)])) == (0, 70)


def test_shares_of_providers_bring_idle_replicas_in() -> None:
    # x may have half of all hours: 20 requests/s take a replica at each site.
    limits = {"max_provider_share": {"x": 0.5}}
    assert best(world(limits=limits, workloads=[service(20)])) == (0, 30)


def test_negative_prices_pay_for_idle_replicas_up_to_what_users_could_ask_for() -> None:
    # At 3 USD less an hour of 1 kW, each replica earns 2 at x and 1 at y: one in each pool, 10 h.
    site = {"kind": "colo", "usd_per_kwh": -3}
    sites = [{"id": "x", "jurisdiction": "DE", **site}, {"id": "y", "jurisdiction": "FR", **site}]
    assert best(world(data_centers=sites, workloads=[service(10)])) == (0, -30)


def test_latency_counts_by_the_weight_of_money() -> None:
    # By m 0.01 USD/GB less, 20 ms more: at money_weight 0 the fast way: 36,000 requests * 10 ms * 1e-6.
    link = {"source": "u", "target": "x", "bandwidth_gbps": 1}
    links = [{**link, "latency_ms": 5, "usd_per_gb": 0.01}, {**link, "latency_ms": 15}]
    goal = {"money_weight": 0, "usd_per_ms_request": 1e-6}
    work = [service(1, request_kb=1)]
    assert best(world(links=links, objective=goal, workloads=work)) == (0, 0.36)


def test_moving_is_paid_and_limited() -> None:
    # The job is in py: there it pays 40, elsewhere 20 and 15 to move, unless it may not.
    here = {"present": {"jobs": {"j": ["py"]}}, "moving": {"usd_per_job": 15}}
    assert best(world(**here, workloads=[job()])) == (0, 35)
    assert best(world(**here, limits={"max_moves": 0}, workloads=[job()])) == (0, 40)


def test_modules_are_bought_by_the_year() -> None:
    # Pool of 0; a module of 4 for 8760 USD over a year: 10 USD in 10 h, and 40 h at 0.
    pools = [{"id": "px", "data_center": "x", "accelerator": "a", "count": 0,
              "expansion": {"module_accelerators": 4, "capital_usd_per_module": 8760, "lifetime_years": 1,
                            "max_modules": 2}}]  # fmt: skip
    assert best(world(pools=pools, workloads=[job()])) == (0, 10)


def test_sites_that_are_kept_hold_a_replica_in_every_period() -> None:
    # Requests in the first hour only, and two sites: a replica at each for both hours, 2 * 1 + 2 * 2.
    periods = [{"id": "a", "hours": 1}, {"id": "b", "hours": 1}]
    assert best(world(periods=periods, workloads=[service([5, 0], min_sites=2)])) == (0, 6)


def test_transit_binds_ways_and_not_the_origin() -> None:
    # Data may not pass FR: y is out of reach, where users are (US) is exempt.
    places = [{"id": "u", "jurisdiction": "US"}]
    rules = [{"id": "p", "transit_deny": ["FR", "US"]}]
    limits = {"forbidden": [{"workload": "s", "pool": "px"}]}
    work = [service(10, policy="p")]
    assert best(world(locations=places, policies=rules, workloads=work)) == (0, 10)
    assert best(world(locations=places, policies=rules, limits=limits, workloads=work)) == (1, 0)
