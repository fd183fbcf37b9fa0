"""Policies, training jobs and inference services of the sample ``europe-hybrid``."""

from __future__ import annotations

from typing import Any

from common import OFFICE_AND_EVENING, ROUND_THE_CLOCK, Element, pflop_days, shaped

EU = ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT"]
EU += ["NL", "PL", "PT", "RO", "SE", "SI", "SK"]
GROUPS = {"EU": EU, "EEA": ["EU", "IS", "LI", "NO"], "EEA-CH": ["EEA", "CH"], "ADEQUATE": ["EEA-CH", "GB"]}
POLICIES: list[Element] = [
    {"id": "germany", "allow": ["DE"], "transit_allow": ["DE"]},
    {"id": "bavaria", "allow": ["DE-BY"], "transit_allow": ["DE-BY"]},
    {"id": "eu", "allow": ["EU"], "transit_allow": ["EU"]},
    {"id": "eea", "allow": ["EEA"], "transit_allow": ["EEA"]},
    {"id": "eea-swiss-transit", "allow": ["EEA"], "transit_allow": ["EEA-CH"]},
    {"id": "eea-swiss", "allow": ["EEA-CH"], "transit_allow": ["EEA-CH"]},
    {"id": "swiss", "allow": ["CH"], "transit_allow": ["CH"]},
    {"id": "adequate", "allow": ["ADEQUATE"], "transit_allow": ["ADEQUATE"]},
    {"id": "not-uk", "deny": ["GB"], "transit_deny": ["GB"]},
]
# Police and hospital data stay off rented machines even inside the country.
_CLOUDS_IN_GERMANY = ("aws-frankfurt", "gcp-frankfurt")
FORBIDDEN = [
    {"workload": workload, "data_center": site}
    for workload in ("hospital-images", "hospital-notes", "police-video")
    for site in _CLOUDS_IN_GERMANY
]

# id, owner, policy, parameters and tokens in billions, cluster sizes, deadline in days, dataset at, TB
PRETRAINING: list[tuple[Any, ...]] = [
    ("llm-eu-30b", "rhine-alliance", "eu", 30, 1500, [128, 256, 320], 45, ["juelich"], 30),
    ("llm-german-7b", "north-alliance", "germany", 7, 1000, [64, 96], 40, ["dresden", "leipzig"], 9),
    ("climate-emulator", "north-alliance", "eea", 4, 900, [32, 64], 35, ["hamburg"], 160),
    ("protein-3b", "south-alliance", "eea-swiss", 3, 800, [32, 64], 28, ["munich", "zurich"], 12),
    ("vision-5b", "south-alliance", "eu", 5, 700, [32, 64, 96], 30, ["stuttgart"], 70),
    ("speech-2b", "rhine-alliance", "eea", 2, 900, [32, 64], 30, ["cologne"], 25),
    ("robot-policy-1b", "south-alliance", "germany", 1.2, 1200, [32, 64], 21, ["karlsruhe"], 18),
    ("medical-14b", "north-alliance", "germany", 14, 600, [64, 96], 40, ["berlin", "hamburg"], 10),
    ("materials-2b", "south-alliance", "eea", 2, 700, [32, 64], 18, ["karlsruhe"], 6),
    ("weather-6b", "north-alliance", "eea", 6, 800, [64, 96], 24, ["hamburg", "juelich"], 210),
    ("law-13b", "rhine-alliance", "eu", 13, 600, [64, 96, 128], 28, ["cologne"], 5),
    ("geo-4b", "south-alliance", "eea-swiss-transit", 4, 700, [32, 64], 25, ["munich"], 130),
    ("chemistry-3b", "rhine-alliance", "eea", 3, 900, [32, 64], 20, ["goettingen"], 7),
    ("code-8b", "rhine-alliance", "adequate", 8, 1000, [64, 96, 128], 21, ["amsterdam"], 6),
]
# id, owner, policy, {accelerator: (count, hours)}, dataset at, TB, earliest start, deadline, interruptible
DAY_JOBS: list[tuple[Any, ...]] = [
    ("weather-ensemble", "north-alliance", "eea", {"h100": (64, 5), "a100-40": (128, 7)}, ["hamburg"], 22, 3, 12, False),
    ("weather-evening", "north-alliance", "eea", {"h100": (64, 5), "a100-40": (128, 7)}, ["hamburg"], 22, 15, 24, False),
    ("hospital-images", "south-alliance", "germany", {"h100": (32, 8), "a100-40": (64, 9)}, ["munich"], 14, 8, 24, False),
    ("hospital-notes", "south-alliance", "bavaria", {"h100": (16, 9), "a100-40": (32, 10)}, ["erlangen"], 2, 0, None, True),
    ("police-video", "rhine-alliance", "germany", {"l40s": (32, 10), "a100-40": (32, 9)}, ["duesseldorf"], 8, 0, None, False),
    ("car-perception", "south-alliance", "germany", {"h100": (64, 10), "a100-40": (128, 13)}, ["stuttgart"], 90, 0, None, False),
    ("car-simulation", "south-alliance", "eea-swiss-transit", {"l40s": (64, 9), "a100-40": (64, 10)}, ["munich"], 12, 0, None, True),
    ("steel-quality", "rhine-alliance", "germany", {"l40s": (16, 8), "a100-40": (16, 8)}, ["dortmund"], 4, 0, None, True),
    ("chip-inspection", "north-alliance", "germany", {"h100": (32, 7), "a100-40": (64, 9)}, ["dresden"], 20, 6, 22, False),
    ("lattice-qcd", "rhine-alliance", None, {"a100-40": (192, 12), "h100": (64, 11)}, ["juelich"], 6, 0, None, True),
    ("fusion-surrogate", "south-alliance", None, {"a100-40": (96, 14), "h100": (32, 13)}, ["munich"], 10, 0, None, True),
    ("telescope-survey", "rhine-alliance", None, {"a100-40": (128, 9), "l40s": (96, 10), "h100": (48, 8)}, ["amsterdam", "juelich"], 110, 0, None, True),
    ("genome-cohort", "north-alliance", "germany", {"a100-40": (96, 10), "h100": (32, 9)}, ["kiel", "berlin"], 45, 0, None, False),
    ("bank-risk", "rhine-alliance", "eu", {"h100": (32, 4), "a100-40": (64, 6)}, ["frankfurt"], 3, 18, 24, False),
    ("insurance-claims", "south-alliance", "eea-swiss", {"h100": (16, 6), "l40s": (48, 7)}, ["zurich"], 1, 0, None, True),
    ("swiss-health", "south-alliance", "swiss", {"h100": (16, 8), "l40s": (16, 12)}, ["basel"], 2, 0, None, False),
    ("pharma-docking", "south-alliance", "eea-swiss", {"l40s": (64, 10), "l4": (128, 14), "a100-40": (64, 9)}, ["basel"], 1, 0, None, True),
    ("railway-forecast", "north-alliance", "eu", {"l40s": (32, 5), "l4": (64, 7), "a100-40": (32, 5)}, ["berlin-city"], 2, 0, 8, True),
    ("translation-tuning", "rhine-alliance", "eu", {"h100": (32, 6), "a100-40": (64, 8)}, ["brussels"], 1, 0, None, True),
    ("legal-tuning", "rhine-alliance", "eea", {"h100": (32, 6), "a100-40": (64, 8)}, ["brussels", "cologne"], 1, 8, 24, False),
    ("news-archive", "north-alliance", "eea", {"l4": (128, 10), "l40s": (48, 9)}, ["hamburg-city"], 15, 0, None, True),
    ("film-restoration", "south-alliance", "adequate", {"l4": (128, 9), "l40s": (48, 8)}, ["london", "munich-city"], 40, 0, None, True),
    ("wind-maintenance", "north-alliance", "eea", {"l40s": (32, 6), "l4": (96, 6)}, ["copenhagen"], 3, 0, None, True),
    ("model-evaluation", "rhine-alliance", None, {"h100": (96, 8), "a100-40": (192, 10)}, ["juelich", "paris"], 2, 0, None, True),
    ("reinforcement-rollouts", "south-alliance", "not-uk", {"h100": (96, 10), "a100-40": (192, 12)}, ["stuttgart"], 1, 0, None, True),
]

# profile -> accelerator, cards per replica, requests/s per replica, service time in ms (assumption)
PROFILES: dict[str, list[tuple[str, int, float, float]]] = {
    "chat": [("h100", 1, 12, 700), ("a100-40", 1, 5, 1000), ("l40s", 1, 4, 1100), ("l4", 1, 1.4, 1900)],
    "large": [("h100", 4, 8, 1800)],
    "speech": [("l40s", 1, 60, 110), ("l4", 1, 26, 160), ("a100-40", 1, 70, 110)],
    "vision": [("l40s", 1, 160, 25), ("l4", 1, 70, 35), ("a100-40", 1, 170, 25)],
    "rank": [("l40s", 1, 1000, 8), ("l4", 1, 500, 10)],
}
SIZES_KB = {"chat": (6, 4), "large": (20, 6), "speech": (48, 4), "vision": (110, 2), "rank": (2, 1)}
MACHINES = {"vision", "rank"}

WEIGHT = {
    "kiel": 0.2, "rostock": 0.2, "hamburg-city": 0.8, "bremen": 0.4, "hannover": 0.5, "berlin-city": 1.2, "magdeburg": 0.2,
    "leipzig": 0.45, "dresden-city": 0.45, "erfurt": 0.2, "dortmund": 0.7, "duesseldorf": 0.7, "cologne": 0.8, "aachen": 0.3,
    "frankfurt": 0.9, "saarbruecken": 0.2, "karlsruhe-city": 0.4, "stuttgart-city": 0.7, "freiburg": 0.25, "nuremberg": 0.5,
    "munich-city": 1.0, "amsterdam": 0.8, "brussels": 0.6, "paris": 1.2, "strasbourg": 0.2, "basel": 0.3, "zurich": 0.6,
    "vienna": 0.7, "prague": 0.5, "copenhagen": 0.5, "stockholm": 0.6, "london": 1.0, "milan": 0.7,
}  # fmt: skip
"""Relative number of users (assumption)."""
NORTH = ["kiel", "rostock", "hamburg-city", "bremen", "hannover", "berlin-city"]
EAST = ["berlin-city", "magdeburg", "leipzig", "dresden-city", "erfurt"]
WEST = ["dortmund", "duesseldorf", "cologne", "aachen", "frankfurt"]
SOUTH = ["karlsruhe-city", "stuttgart-city", "freiburg", "nuremberg", "munich-city"]
GERMANY = ["hamburg-city", "hannover", "berlin-city", "leipzig", "cologne", "frankfurt", "stuttgart-city", "munich-city"]
NEIGHBOURS = ["amsterdam", "brussels", "paris", "vienna", "prague", "copenhagen"]

# id, owner, policy, profile, cities, requests/s per unit of weight at the peak, limit of the round trip in ms, fewest sites
SERVICES: list[tuple[Any, ...]] = [
    ("citizens-germany", "north-alliance", "germany", "chat", GERMANY, 190, 15, 2),
    ("citizens-bavaria", "south-alliance", "bavaria", "chat", ["nuremberg", "munich-city"], 220, 12, 2),
    ("students-north", "north-alliance", "eea", "chat", NORTH, 180, 12, 1),
    ("students-east", "north-alliance", "eea", "chat", EAST, 180, 12, 1),
    ("students-west", "rhine-alliance", "eea", "chat", WEST, 180, 12, 1),
    ("students-south", "south-alliance", "eea-swiss", "chat", SOUTH, 180, 12, 1),
    ("doctor-notes", "south-alliance", "germany", "speech", GERMANY, 590, 12, 2),
    ("emergency-calls", "rhine-alliance", "germany", "speech", WEST, 480, 10, 2),
    ("court-minutes", "north-alliance", "germany", "speech", EAST, 400, 12, 1),
    ("lecture-captions", "rhine-alliance", "eea", "speech", [*WEST, "brussels", "amsterdam"], 440, 12, 1),
    ("traffic-north", "north-alliance", "germany", "vision", NORTH, 1300, 12, 1),
    ("traffic-west", "rhine-alliance", "germany", "vision", WEST, 1300, 8, 1),
    ("traffic-south", "south-alliance", "germany", "vision", SOUTH, 1300, 8, 1),
    ("factory-stuttgart", "south-alliance", "germany", "vision", ["stuttgart-city", "karlsruhe-city"], 2400, 5, 1),
    ("factory-dresden", "north-alliance", "germany", "vision", ["dresden-city", "leipzig"], 2500, 5, 1),
    ("port-hamburg", "north-alliance", "germany", "vision", ["hamburg-city", "bremen"], 2300, 6, 1),
    ("shop-search", "rhine-alliance", "eu", "rank", [*GERMANY, *NEIGHBOURS], 9000, 15, 2),
    ("news-feed", "north-alliance", "eea", "rank", [*GERMANY, "copenhagen", "stockholm"], 7200, 20, 1),
    ("fraud-check", "rhine-alliance", "eea", "rank", ["frankfurt", "amsterdam", "paris", "milan"], 10000, 12, 2),
    ("copilot-office", "rhine-alliance", "eea", "large", [*GERMANY[:6], "amsterdam", "brussels", "paris"], 7, 60, 1),
    ("copilot-code", "south-alliance", "adequate", "large", ["berlin-city", "munich-city", "zurich", "paris", "london", "stockholm"], 13, 30, 1),
    ("chat-neighbours", "rhine-alliance", "eea", "chat", NEIGHBOURS, 180, 20, 1),
    ("chat-swiss", "south-alliance", "swiss", "chat", ["zurich", "basel"], 190, 12, 1),
    ("chat-italy", "south-alliance", "eea", "chat", ["milan"], 190, 20, 1),
    ("chat-london", "rhine-alliance", "adequate", "chat", ["london"], 230, 20, 1),
    ("moderation", "north-alliance", None, "vision", ["berlin-city", "paris", "stockholm", "london"], 720, 40, 1),
]


def training() -> list[Element]:
    """Return the training jobs: those that run for weeks, those of the day, and one over two sites."""
    return [_pretraining(*row) for row in PRETRAINING] + [_day_job(*row) for row in DAY_JOBS] + [_two_sites()]


def _job(name: str, owner: str, policy: str | None, at: list[str], terabytes: float, hours: float) -> Element:
    job: Element = {"kind": "training", "id": name, "owner": owner} | ({"policy": policy} if policy else {})
    return job | {"dataset": {"at": at, "gb": round(terabytes * 1000), "transfer_hours": hours}}


def _pretraining(
    name: str, owner: str, policy: str, parameters: float, tokens: float, counts: list[int], days: float, at: list[str], tb: float
) -> Element:
    job = _job(name, owner, policy, at, tb, 24) | {"name": f"{parameters:g} billion parameters on {tokens:g} billion tokens"}
    compute = {"pflop_days": pflop_days(parameters, tokens), "utilization": 0.4, "counts": counts, "accelerators": ["h100", "a100-40"]}
    return job | {"compute": compute, "deadline_hours": days * 24}


def _day_job(
    name: str, owner: str, policy: str | None, needs: dict[str, tuple[int, float]], at: list[str], tb: float,
    earliest: float, deadline: float | None, interruptible: bool,
) -> Element:  # fmt: skip
    job = _job(name, owner, policy, at, tb, 4)
    job["needs"] = [{"accelerator": kind, "count": count, "hours": hours} for kind, (count, hours) in needs.items()]
    job |= {"earliest_start_hours": earliest} if earliest else {}
    job |= {"deadline_hours": deadline} if deadline else {}
    return job | ({"interruptible": True} if interruptible else {})


def _two_sites() -> Element:
    job = _job("llm-science-13b", "south-alliance", "germany", ["munich", "karlsruhe"], 16, 24)
    compute = {"pflop_days": pflop_days(13, 800), "utilization": 0.4, "counts": [128, 192], "accelerators": ["h100"]}
    job |= {"compute": compute, "deadline_hours": 24 * 45, "max_sites": 2}
    return job | {"multi_site": {"min_bandwidth_gbps": 80, "max_rtt_ms": 8, "efficiency": 0.9}}


def inference() -> list[Element]:
    """Return the inference services."""
    return [_service(*row) for row in SERVICES]


def _service(
    name: str, owner: str, policy: str | None, profile: str, cities: list[str], peak: float, rtt_ms: float, min_sites: int
) -> Element:
    shape = ROUND_THE_CLOCK if profile in MACHINES else OFFICE_AND_EVENING
    request_kb, response_kb = SIZES_KB[profile]
    service: Element = {"kind": "inference", "id": name, "owner": owner} | ({"policy": policy} if policy else {})
    service["demand"] = [{"location": city, "requests_per_second": shaped(peak * WEIGHT[city], shape)} for city in cities]
    keys = ("accelerator", "accelerators_per_replica", "requests_per_second", "service_ms")
    service["serving"] = [dict(zip(keys, row, strict=True)) for row in PROFILES[profile]]
    service |= {"max_rtt_ms": rtt_ms, "request_kb": request_kb, "response_kb": response_kb, "target_utilization": 0.8}
    return service | ({"min_sites": min_sites} if min_sites > 1 else {})
