"""The worked plans: one per part of the model, so that every kind of entry occurs in one of them."""

from __future__ import annotations

from collections.abc import Callable

from computeroute.routing.plan import Cost, Plan
from computeroute.routing.problem import Problem

from .check_cases import (
    HOME_CLOUD,
    TOWN_CLOUD,
    TOWN_HOME,
    both_ways,
    flow,
    link_use,
    one_way,
    plan_of,
    pool_use,
    problem_of,
    replicas,
    usd,
)

Case = tuple[Problem, Plan]


def home() -> Case:
    """Return a job and a service at home: shared commitment, energy paid, a dataset from the cloud."""
    problem = problem_of(
        {"kind": "training", "id": "tune", "policy": "eu", "memory_gb_per_accelerator": 60,
         "needs": [{"accelerator": "big", "count": 4, "hours": 10}], "dataset": {"at": ["cloud"], "gb": 360}},
        {"kind": "inference", "id": "chat", "policy": "eu", "max_rtt_ms": 12, "max_latency_ms": 30,
         "demand": [{"location": "town", "requests_per_second": [10, 4]}],
         "request_kb": 100, "response_kb": 200,
         "serving": [{"accelerator": "big", "accelerators_per_replica": 2, "requests_per_second": 6,
                      "service_ms": 20}]},
        pinned=[{"workload": "tune", "data_center": "home"}],
        forbidden=[{"workload": "chat", "pool": "cloud-small"}],
        max_provider_share={"nimbus": 0.5}, budget_usd=200, carbon_cap_tco2e=0.04,
    )  # fmt: skip
    # Day: 40 accelerator-hours each, 80 in all: 40 committed at 0.3 and 40 at 0.5 cost 32 USD, so 16 each.
    # Night: chat's 20 at 0.3 cost 6; the other 20 idle, 6. The cloud's commitment idles too: 2 x 20 x 2.
    # Energy: tune 40 kWh x 0.10; chat 40 x 0.10 + 20 x 0.06. Carbon: 40 x 400 g; 40 x 400 + 20 x 200 g.
    # Requests: (10 + 4) x 36,000 = 504,000: 50.4 GB out and 100.8 GB back, each over 0.03 USD/GB of links;
    # back also 0.01 of egress from home. Delay: 504,000 x 10 ms x 1e-6. Dataset: 360 GB x (0.05 + 0.08).
    tune = usd(compute=16, energy=4, carbon=1.6, link=18, egress=28.8)
    chat = usd(compute=22, energy=5.2, carbon=2, link=0.03 * 151.2, egress=1.008, latency=5.04)
    at_home = usd(compute=44, energy=9.2, carbon=3.6, egress=1.008, latency=5.04)
    at_cloud, network = usd(compute=80, egress=28.8), usd(link=18 + 0.03 * 151.2)
    plan = plan_of(
        problem,
        jobs=[{
            "job": "tune", "placements": [{"pool": "home-big", "data_center": "home", "accelerators": 4}],
            "start_hours": 0, "end_hours": 10, "hours": 10, "runs": [{"period": "day", "hours": 10}],
            # 360 GB x 8 / 36,000 s
            "dataset_routes": ["r2"], "transfer_gbps": 0.08, "transfer_hours": 10,
            "cost": tune, "cost_in_all": tune, "emission": {"energy_kwh": 40, "tco2e": 0.016},
        }],
        services=[{
            "service": "chat", "requests_per_second": 7, "mean_rtt_ms": 10, "worst_rtt_ms": 10,
            "replicas": [replicas("home-big", "day", 2, 2), replicas("home-big", "night", 1, 2)],
            "flows": [flow("day", "home-big", 10, "r1", 20), flow("night", "home-big", 4, "r1", 20)],
            "cost": chat, "emission": {"energy_kwh": 60, "tco2e": 0.02},
        }],
        routes=[{"id": "r1", **TOWN_HOME},
                {"id": "r2", **one_way(HOME_CLOUD), "origin": "cloud", "destination": "home",
                 "nodes": ["cloud", "home"]}],
        emission={"energy_kwh": 100, "tco2e": 0.036},
        breakdown={
            "by_workload": {"tune": tune, "chat": chat, "(idle)": usd(compute=86)},
            "by_data_center": {"home": at_home, "cloud": at_cloud, "(network)": network},
            "by_provider": {"home": at_home, "nimbus": at_cloud, "(network)": network},
            "by_owner": {"acme": at_home, "nimbus": at_cloud, "(network)": network},
        },
        pool_use=pool_use(problem, {"home-big": (8, 2), "cloud-big": (0, 0), "cloud-small": (0, 0)}),
        # 10 requests/s x 100 kB x 8e-6 by day; 4 by night; the way back carries twice that.
        link_use=[
            link_use("home--cloud", "cloud", "home", "day", 0.08),
            *both_ways("day", 0.008, 0.016),
            *both_ways("night", 0.0032, 0.0064),
        ],
    )  # fmt: skip
    return problem, plan


def cloud() -> Case:
    """Return a pausing job on spot, a continuing one and a service on directed links, all in the cloud."""
    problem = problem_of(
        {"kind": "training", "id": "batch", "interruptible": True,
         "earliest_start_hours": 3, "deadline_hours": 15,
         "needs": [{"accelerator": "big", "count": 8, "hours": 6}],
         "dataset": {"at": ["town"], "gb": 54, "transfer_hours": 3}},
        {"kind": "training", "id": "pretrain", "earliest_start_hours": 5, "deadline_hours": 40,
         "compute": {"pflop_days": 1, "utilization": 0.5, "counts": [2, 4], "accelerators": ["small"]},
         "dataset": {"at": ["cloud", "town"], "gb": 5}},
        {"kind": "inference", "id": "web", "demand": [{"location": "town", "requests_per_second": 5}],
         "serving": [{"accelerator": "big", "requests_per_second": 5}], "target_utilization": 0.5,
         "request_kb": 10, "response_kb": 50, "max_sites": 1},
    )  # fmt: skip
    # pretrain: efficiency at 4 is 1 - 0.3 x ln 4 / ln 8 = 0.8; 24 / (0.5 PFLOP/s x 4 x 0.5 x 0.8) = 30 h from
    # hour 5: 15 h within the horizon, 15 beyond. Carbon within: 4 x 0.6 kW x (5 x 100 + 10 x 300) = 8,400 g;
    # beyond: 4 x 0.6 x 15 x 200 (the mean) = 7,200 g. web: 2 replicas on the 2 committed accelerators cost
    # 2 x 20 h x 2 USD. 360,000 requests: 3.6 GB up at 0.03, 18 GB down at 0.04 (the link's egress price).
    # Energy is in the price.
    # home: 4 x 20 h x 0.3 of commitment idle.
    batch = usd(compute=48, carbon=(40 * 100 + 8 * 300) * 1.2e-4, link=1.62)
    pretrain, beyond = usd(compute=60, carbon=0.84), usd(compute=60, carbon=0.72)
    web = usd(compute=80, carbon=0.96, link=0.108, egress=0.72, latency=3.6)
    idle, network = usd(compute=24), usd(link=1.728)
    at_cloud = usd(compute=188, carbon=0.768 + 0.84 + 0.96, egress=0.72, latency=3.6)
    plan = plan_of(
        problem,
        beyond=beyond,
        jobs=[
            {
                "job": "batch", "spot": True,
                "placements": [{"pool": "cloud-big", "data_center": "cloud", "accelerators": 8}],
                "start_hours": 3, "end_hours": 11, "hours": 6,
                "runs": [{"period": "day", "hours": 5}, {"period": "night", "hours": 1}],
                # 54 GB x 8 / (3 x 3,600 s), reserved whenever it runs
                "dataset_routes": ["r2"], "transfer_gbps": 0.04, "transfer_hours": 3,
                "cost": batch, "cost_in_all": batch, "emission": {"energy_kwh": 57.6, "tco2e": 0.00768},
            },
            {
                "job": "pretrain", "continuing": True, "start_hours": 5, "end_hours": 35, "hours": 30,
                "placements": [{"pool": "cloud-small", "data_center": "cloud", "accelerators": 4}],
                "runs": [{"period": "day", "hours": 5}, {"period": "night", "hours": 10}],
                "dataset_routes": [None], "emission": {"energy_kwh": 36, "tco2e": 0.0084},
                "cost": pretrain, "cost_in_all": pretrain + beyond,
            },
        ],
        services=[{
            "service": "web", "requests_per_second": 5, "mean_rtt_ms": 10, "worst_rtt_ms": 10,
            "replicas": [replicas("cloud-big", period, 2, 1) for period in ("day", "night")],
            "flows": [flow(period, "cloud-big", 5, "r1", 0) for period in ("day", "night")],
            "cost": web, "emission": {"energy_kwh": 48, "tco2e": 0.0096},
        }],
        routes=[{"id": "r1", **TOWN_CLOUD}, {"id": "r2", **one_way(TOWN_CLOUD)}],
        emission={"energy_kwh": 141.6, "tco2e": 0.02568},
        breakdown={
            "by_workload": {"batch": batch, "pretrain": pretrain, "web": web, "(idle)": idle},
            "by_data_center": {"home": idle, "cloud": at_cloud, "(network)": network},
            "by_provider": {"home": idle, "nimbus": at_cloud, "(network)": network},
            "by_owner": {"acme": idle, "nimbus": at_cloud, "(network)": network},
        },
        pool_use=pool_use(problem, {"home-big": (0, 0), "cloud-big": (10, 10), "cloud-small": (4, 4)}),
        # up: the dataset's 0.04 and 5 x 10 kB x 8e-6; down: 5 x 50 kB x 8e-6
        link_use=[
            link_use(name, *ends, period, gbps)
            for period in ("day", "night")
            for name, ends, gbps in (("up", ("town", "cloud"), 0.0404), ("down", ("cloud", "town"), 0.002))
        ],
    )  # fmt: skip
    return problem, plan


def spread() -> Case:
    """Return a job over two sites and a service that must have two, with a module bought at home."""
    problem = problem_of(
        {"kind": "training", "id": "duo", "needs": [{"accelerator": "big", "count": 8, "hours": 8}],
         "max_sites": 2, "multi_site": {"min_bandwidth_gbps": 2, "max_rtt_ms": 10, "efficiency": 0.8},
         "dataset": {"at": ["home"], "gb": 72}},
        {"kind": "inference", "id": "geo", "demand": [{"location": "town", "requests_per_second": [26, 6]}],
         "serving": [{"accelerator": "big", "accelerators_per_replica": 2, "requests_per_second": 4}],
         "min_sites": 2},
    )  # fmt: skip
    # duo: 8 h / 0.8 = 10 h on 4 + 4. geo by day: 24 on 6 replicas (12) at home and 2 on one (2) in the cloud;
    # by night 4 and 2 on one each. home by day: 16 of 12 + 4. Accelerator-hours there: duo 40, geo 120 + 20.
    # home by day: 160 hours: 40 x 0.3 + 120 x 0.5 = 72, duo 18 and geo 54; night: 20 x 0.3 = 6, idle 6.
    # cloud by day: 60 hours: 20 x 2 + 40 x 3 = 160, duo 2/3 of it; night: 20 x 2 = 40. Energy: home only.
    # Carbon: duo 40 x 400 + 48 x 100 g; geo 120 x 400 + 20 x 200 + 24 x 100 + 24 x 300 g.
    # Dataset: 36 GB to the cloud x (0.05 + 0.01). Requests: (26 + 6) x 36,000 of 10 ms, without content.
    # Space and staff: 4 x 0.8 kW x (200 + 73.75) x 20 h / 8760 h = 2.
    module, rooms = 10.0, 2.0
    duo = usd(
        compute=18 + 320 / 3,
        energy=4,
        capital=module * 40 / 180,
        facility=rooms * 40 / 180,
        carbon=2.08,
        link=1.8,
        egress=0.36,
    )
    geo = usd(
        compute=60 + 160 / 3 + 40,
        energy=13.2,
        capital=module * 140 / 180,
        facility=rooms * 140 / 180,
        carbon=6.16,
        latency=11.52,
    )
    at_home = usd(
        compute=84, energy=17.2, capital=module, facility=rooms, carbon=6.8, egress=0.36, latency=28 * 0.36
    )
    at_cloud, network = usd(compute=200, carbon=1.44, latency=4 * 0.36), usd(link=1.8)
    plan = plan_of(
        problem,
        jobs=[{
            "job": "duo", "start_hours": 0, "end_hours": 10, "hours": 10,
            "runs": [{"period": "day", "hours": 10}],
            "placements": [{"pool": "home-big", "data_center": "home", "accelerators": 4},
                           {"pool": "cloud-big", "data_center": "cloud", "accelerators": 4}],
            "dataset_routes": [None, "r4"], "transfer_gbps": 0.008, "transfer_hours": 10,
            "inter_site_routes": ["r3"],
            "cost": duo, "cost_in_all": duo, "emission": {"energy_kwh": 88, "tco2e": 0.0208},
        }],
        services=[{
            "service": "geo", "requests_per_second": 16, "mean_rtt_ms": 10, "worst_rtt_ms": 10,
            "replicas": [replicas("home-big", "day", 6, 2), replicas("cloud-big", "day", 1, 2),
                         replicas("home-big", "night", 1, 2), replicas("cloud-big", "night", 1, 2)],
            "flows": [flow("day", "home-big", 24, "r1", 0), flow("day", "cloud-big", 2, "r2", 0),
                      flow("night", "home-big", 4, "r1", 0), flow("night", "cloud-big", 2, "r2", 0)],
            "cost": geo, "emission": {"energy_kwh": 188, "tco2e": 0.0616},
        }],
        routes=[{"id": "r1", **TOWN_HOME}, {"id": "r2", **TOWN_CLOUD}, {"id": "r3", **HOME_CLOUD},
                {"id": "r4", **one_way(HOME_CLOUD)}],
        purchases=[{"pool": "home-big", "modules": 1, "accelerators": 4, "capital_usd": module,
                    "facility_usd": rooms}],
        emission={"energy_kwh": 276, "tco2e": 0.0824},
        breakdown={
            "by_workload": {"duo": duo, "geo": geo, "(idle)": usd(compute=6)},
            "by_data_center": {"home": at_home, "cloud": at_cloud, "(network)": network},
            "by_provider": {"home": at_home, "nimbus": at_cloud, "(network)": network},
            "by_owner": {"acme": at_home, "nimbus": at_cloud, "(network)": network},
        },
        pool_use=pool_use(problem, {"home-big": (16, 2), "cloud-big": (6, 2), "cloud-small": (0, 0)}, home=4),
        # 2 Gbit/s each way between the sites while it runs; 36 GB x 8 / 36,000 s of data on top
        link_use=[link_use("home--cloud", "home", "cloud", "day", 2.008),
                  link_use("home--cloud", "cloud", "home", "day", 2)],
    )  # fmt: skip
    return problem, plan


def left_out() -> Case:
    """Return work left out: for want of a gang, of capacity, and of a site where users' law permits."""
    problem = problem_of(
        {"kind": "training", "id": "giant", "priority": 3,
         "needs": [{"accelerator": "big", "count": 99, "hours": 1}]},
        {"kind": "inference", "id": "chat", "priority": 2, "max_rtt_ms": 12,
         "demand": [{"location": "town", "requests_per_second": [20, 0]},
                    {"location": "relay", "requests_per_second": [5, 15], "policy": "us"}],
         "serving": [{"accelerator": "small", "accelerators_per_replica": 8, "requests_per_second": 16}]},
    )  # fmt: skip
    # Unserved: 3 for giant; chat 2 x (4 + 5 + 15) x 10 h / (20 + 5 + 15) x 10 h = 1.2. The 8 small ones serve
    # 16 by day: 80 accelerator-hours at 1 USD, 48 kWh x 100 g. Idle: 4 x 20 x 0.3 at home and
    # 2 x 20 x 2 in the cloud.
    chat, delay = usd(compute=80, carbon=0.48, latency=5.76), 16 * 36_000 * 10 * 1e-6
    assert delay == chat.latency_usd
    at_cloud, at_home = usd(compute=160, carbon=0.48, latency=delay), usd(compute=24)
    plan = plan_of(
        problem,
        services=[{
            "service": "chat", "requests_per_second": 8, "mean_rtt_ms": 10, "worst_rtt_ms": 10,
            "replicas": [replicas("cloud-small", "day", 1, 8)],
            "flows": [flow("day", "cloud-small", 16, "r1", 0)],
            "cost": chat, "emission": {"energy_kwh": 48, "tco2e": 0.0048},
        }],
        left_out=[
            {"workload": "giant", "reason": "gang", "detail": "99 on one site"},
            {"workload": "chat", "location": "town", "period": "day", "requests_per_second": 4,
             "reason": "capacity", "detail": "full"},
            *({"workload": "chat", "location": "relay", "period": period, "requests_per_second": rate,
               "reason": "residency", "detail": "none in US"}
              for period, rate in (("day", 5), ("night", 15))),
        ],
        unserved=4.2,
        unserved_bound=4.2,
        routes=[{"id": "r1", **TOWN_CLOUD}],
        emission={"energy_kwh": 48, "tco2e": 0.0048},
        breakdown={
            "by_workload": {"giant": Cost(), "chat": chat, "(idle)": usd(compute=104)},
            "by_data_center": {"home": at_home, "cloud": at_cloud},
            "by_provider": {"home": at_home, "nimbus": at_cloud},
            "by_owner": {"acme": at_home, "nimbus": at_cloud},
        },
        pool_use=pool_use(problem, {"home-big": (0, 0), "cloud-big": (0, 0), "cloud-small": (8, 0)}),
    )  # fmt: skip
    return problem, plan


def edge() -> Case:
    """Return users at the site that serves them, over the route that goes nowhere, and data already there."""
    problem = problem_of(
        {"kind": "training", "id": "tune", "needs": [{"accelerator": "small", "count": 8, "hours": 4}],
         "earliest_start_hours": 10, "dataset": {"at": ["cloud"], "gb": 9}},
        {"kind": "inference", "id": "chat", "demand": [{"location": "home", "requests_per_second": 3}],
         "serving": [{"accelerator": "big", "accelerators_per_replica": 2, "requests_per_second": 4}],
         "request_kb": 100, "response_kb": 100, "target_utilization": 0.75},
        {"kind": "inference", "id": "asleep", "demand": [{"location": "town", "requests_per_second": 0}],
         "serving": [{"accelerator": "big", "requests_per_second": 4}], "min_sites": 2},
    )  # fmt: skip
    # chat: 2 of the 4 committed accelerators for 20 h x 0.3; 20 kWh each period; 20 x 400 + 20 x 200 g. The
    # other 2 idle, and 2 in the cloud at 2 USD. tune: 32 accelerator-hours at 1 USD, 19.2 kWh x 300 g.
    chat, tune = usd(compute=12, energy=3.2, carbon=1.2), usd(compute=32, carbon=0.576)
    at_home, at_cloud = usd(compute=24, energy=3.2, carbon=1.2), usd(compute=112, carbon=0.576)
    plan = plan_of(
        problem,
        jobs=[{
            "job": "tune", "placements": [{"pool": "cloud-small", "data_center": "cloud", "accelerators": 8}],
            "start_hours": 10, "end_hours": 14, "hours": 4, "runs": [{"period": "night", "hours": 4}],
            # nothing is moved, and the rate that it would need may be stated: 9 GB x 8 / (4 x 3,600 s)
            "dataset_routes": [None], "transfer_gbps": 0.005, "transfer_hours": 4,
            "cost": tune, "cost_in_all": tune, "emission": {"energy_kwh": 19.2, "tco2e": 0.00576},
        }],
        services=[
            {"service": "chat", "requests_per_second": 3, "mean_rtt_ms": 0, "worst_rtt_ms": 0,
             "replicas": [replicas("home-big", period, 1, 2) for period in ("day", "night")],
             "flows": [{**flow(period, "home-big", 3, "r1", 0),
                        "location": "home", "rtt_ms": 0, "latency_ms": 0}
                       for period in ("day", "night")],
             "cost": chat, "emission": {"energy_kwh": 40, "tco2e": 0.012}},
            {"service": "asleep", "requests_per_second": 0, "replicas": [], "flows": [], "cost": Cost()},
        ],
        routes=[{"id": "r1", "origin": "home", "destination": "home", "nodes": ["home"],
                 "jurisdictions": ["DE"]}],
        emission={"energy_kwh": 59.2, "tco2e": 0.01776},
        breakdown={
            "by_workload": {"tune": tune, "chat": chat, "(idle)": usd(compute=92)},
            "by_data_center": {"home": at_home, "cloud": at_cloud},
            "by_provider": {"home": at_home, "nimbus": at_cloud},
            "by_owner": {"acme": at_home, "nimbus": at_cloud},
        },
        pool_use=pool_use(problem, {"home-big": (2, 2), "cloud-big": (0, 0), "cloud-small": (0, 8)}),
    )  # fmt: skip
    return problem, plan


def reserve() -> Case:
    """Return a service that survives the loss of either site: served at home, a replica idle in the cloud."""
    problem = problem_of(
        {"kind": "inference", "id": "safe", "demand": [{"location": "town", "requests_per_second": 4}],
         "serving": [{"accelerator": "big", "accelerators_per_replica": 2, "requests_per_second": 4}],
         "survive": "site"},
    )  # fmt: skip
    # At home 2 of the 4 committed for 20 h x 0.3; 20 kWh at 0.10 and 20 at 0.06, of 400 and 200 g. In the
    # cloud the 2 committed at 2 USD; 24 kWh a period, of 100 and 300 g. Requests: 2 x 4 x 36,000 of 10 ms.
    at_home = usd(compute=12, energy=3.2, carbon=1.2, latency=2.88)
    at_cloud, idle = usd(compute=80, carbon=0.96), usd(compute=12)
    plan = plan_of(
        problem,
        services=[{
            "service": "safe", "requests_per_second": 4, "mean_rtt_ms": 10, "worst_rtt_ms": 10,
            "replicas": [replicas(pool, period, 1, 2) for period in ("day", "night")
                         for pool in ("home-big", "cloud-big")],
            "flows": [flow(period, "home-big", 4, "r1", 0) for period in ("day", "night")],
            "cost": at_home + at_cloud, "emission": {"energy_kwh": 88, "tco2e": 0.0216},
        }],
        routes=[{"id": "r1", **TOWN_HOME}],
        emission={"energy_kwh": 88, "tco2e": 0.0216},
        breakdown={
            "by_workload": {"safe": at_home + at_cloud, "(idle)": idle},
            "by_data_center": {"home": at_home + idle, "cloud": at_cloud},
            "by_provider": {"home": at_home + idle, "nimbus": at_cloud},
            "by_owner": {"acme": at_home + idle, "nimbus": at_cloud},
        },
        pool_use=pool_use(problem, {"home-big": (2, 2), "cloud-big": (2, 2), "cloud-small": (0, 0)}),
    )  # fmt: skip
    return problem, plan


CASES: dict[str, Callable[[], Case]] = {
    "home": home,
    "cloud": cloud,
    "spread": spread,
    "left_out": left_out,
    "edge": edge,
    "reserve": reserve,
}
