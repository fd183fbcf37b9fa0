"""Policies, training jobs and inference services of the sample ``multicloud``."""

from __future__ import annotations

from typing import Any

from common import OFFICE_AND_EVENING, Element, pflop_days, shaped
from multicloud_network import METROS

PERIOD_HOURS = 3
EU = ["AT", "BE", "BG", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GR", "HR", "HU", "IE", "IT", "LT", "LU", "LV", "MT"]
EU += ["NL", "PL", "PT", "RO", "SE", "SI", "SK"]
GROUPS = {"EU": EU, "EEA": ["EU", "IS", "LI", "NO"], "EUROPE": ["EEA", "CH", "GB"], "EU-ADEQUATE": ["EUROPE", "JP", "KR", "CA"]}
POLICIES: list[Element] = [
    {"id": "eu", "allow": ["EEA"], "transit_allow": ["EEA"]},
    {"id": "eu-transit-europe", "allow": ["EEA"], "transit_allow": ["EUROPE"]},
    {"id": "eu-adequate", "allow": ["EU-ADEQUATE"], "transit_deny": ["EG"]},
    {"id": "uk", "allow": ["GB", "EEA"], "transit_allow": ["EUROPE"]},
    {"id": "us", "allow": ["US"], "transit_allow": ["US"]},
    {"id": "us-transit-canada", "allow": ["US"], "transit_allow": ["US", "CA"]},
    {"id": "japan", "allow": ["JP"], "transit_allow": ["JP"]},
    {"id": "japan-allies", "allow": ["JP", "KR", "AU", "US"], "transit_deny": ["HK"]},
    {"id": "india", "allow": ["IN"], "transit_allow": ["IN"]},
    {"id": "brazil", "allow": ["BR"], "transit_allow": ["BR"]},
    {"id": "brazil-transfer", "allow": ["BR", "US", "EU"], "transit_allow": ["BR", "US", "EU"]},
    {"id": "no-hong-kong", "deny": ["HK"], "transit_deny": ["HK"]},
]

# id, policy, parameters and tokens in billions, cluster sizes, deadline in days, dataset at, TB
PRETRAINING: list[tuple[Any, ...]] = [
    ("llm-eu-13b", "eu", 13, 1000, [256, 384], 35, ["aws-eu-central-1"], 12),
    ("llm-us-34b", "us", 34, 1000, [256, 512], 45, ["aws-us-east-1", "aws-us-west-2"], 30),
    ("code-us-15b", "us", 15, 1000, [256, 512], 21, ["gcp-us-central1"], 10),
    ("llm-japan-8b", "japan", 8, 600, [128, 256], 25, ["aws-ap-northeast-1"], 8),
    ("llm-india-7b", "india", 7, 800, [128, 192], 40, ["gcp-asia-south1"], 9),
    ("llm-brazil-3b", "brazil", 3, 500, [64, 128], 15, ["aws-sa-east-1"], 4),
    ("multimodal-9b", "no-hong-kong", 9, 900, [128, 256], 21, ["gcp-europe-west4", "gcp-us-central1"], 60),
    ("vision-6b", "eu-adequate", 6, 700, [128, 256], 14, ["gcp-europe-west1"], 40),
]
# id, policy, accelerators, PFLOP-days, cluster sizes, dataset at, TB, earliest start, deadline, interruptible
TUNING: list[tuple[Any, ...]] = [
    ("tune-eu-legal", "eu", ("h100", "a100-40"), 9, [64, 128], ["aws-eu-west-1"], 0.8, 0, 24, False),
    ("tune-eu-health", "eu", ("h100", "a100-40", "a100-80"), 12, [64, 128], ["gcp-europe-west3"], 2, 0, None, True),
    ("tune-eu-bank", "eu", ("h100", "a100-80", "a100-40"), 8, [64, 128], ["aws-eu-central-1"], 1, 6, 24, False),
    ("tune-eu-industry", "eu-transit-europe", ("h100", "h200", "a100-40"), 15, [64, 128], ["aws-eu-south-1"], 3, 0, None, True),
    ("tune-uk-public", "uk", ("h100", "a100-40"), 7, [64, 128], ["aws-eu-west-2"], 1, 0, None, False),
    ("tune-us-health", "us", ("h100", "a100-40", "a100-80"), 20, [64, 128, 256], ["aws-us-east-1"], 4, 0, None, False),
    ("tune-us-finance", "us", ("h100", "h200"), 18, [64, 128], ["aws-us-east-2"], 2, 12, 24, False),
    ("tune-us-support", "us-transit-canada", ("h100", "a100-40"), 10, [64, 128], ["gcp-us-east4"], 1, 0, None, True),
    ("tune-us-code", "us", ("h100", "h200", "a100-40"), 14, [64, 128], ["gcp-us-west1"], 0.6, 0, 15, False),
    ("tune-us-ads", "us", ("h100", "a100-40"), 16, [64, 128], ["aws-us-west-2"], 9, 0, None, True),
    ("tune-us-legal", "us", ("a100-40", "a100-80", "h100"), 6, [64, 128], ["aws-us-west-1"], 0.5, 0, None, True),
    ("tune-japan-bank", "japan", ("h100", "a100-40"), 6, [64, 128], ["aws-ap-northeast-1"], 1, 0, 24, False),
    ("tune-japan-maker", "japan", ("h100", "a100-40", "h200"), 7, [64, 128], ["aws-ap-northeast-3"], 3, 0, None, True),
    ("tune-japan-game", "japan-allies", ("h100", "a100-40", "h200"), 9, [64, 128], ["aws-ap-northeast-1"], 2, 0, None, True),
    ("tune-india-pay", "india", ("h100", "a100-40", "h200"), 6, [64, 128], ["aws-ap-south-1"], 1.5, 0, 24, False),
    ("tune-india-health", "india", ("h100", "a100-40"), 5, [64, 128], ["gcp-asia-south1"], 1, 0, None, True),
    ("tune-india-telco", "india", ("h100", "h200"), 8, [64, 128], ["gcp-asia-south2"], 4, 9, 24, False),
    ("tune-brazil-bank", "brazil", ("h100", "a100-40"), 5, [64, 128], ["aws-sa-east-1"], 1, 0, 24, False),
    ("tune-brazil-retail", "brazil-transfer", ("h100", "a100-40"), 7, [64, 128], ["aws-sa-east-1"], 1.2, 0, None, True),
    ("tune-korea-game", "no-hong-kong", ("h100", "a100-40"), 6, [64, 128], ["gcp-asia-northeast3"], 1, 0, None, True),
    ("tune-australia-mine", "no-hong-kong", ("h100", "a100-40"), 8, [64, 128], ["aws-ap-southeast-2"], 6, 0, None, True),
    ("tune-gulf-energy", None, ("h100", "a100-40", "h200"), 10, [64, 128], ["aws-me-south-1"], 5, 0, None, True),
    ("tune-africa-voice", None, ("h100", "a100-40"), 4, [64], ["aws-af-south-1"], 0.7, 0, None, True),
    ("tune-singapore-port", None, ("h100", "a100-40", "a100-80"), 7, [64, 128], ["gcp-asia-southeast1"], 2, 0, None, True),
]
# id, policy, {accelerator: (count, hours)}, dataset at, TB, earliest start, deadline, interruptible
BATCHES: list[tuple[Any, ...]] = [
    ("embed-eu-archive", "eu", {"l4": (96, 12), "a10g": (96, 14), "l40s": (64, 8)}, ["gcp-europe-west4"], 6, 0, None, True),
    ("embed-us-web", "no-hong-kong", {"l4": (192, 12), "a10g": (192, 14)}, ["gcp-us-central1", "aws-us-east-1"], 14, 0, None, True),
    ("transcribe-us-calls", "us", {"l4": (96, 9), "t4": (128, 12), "a10g": (96, 9)}, ["aws-us-east-1"], 3, 0, 12, True),
    ("transcribe-india-calls", "india", {"l4": (64, 9), "t4": (96, 12), "a10g": (64, 9)}, ["aws-ap-south-1"], 2, 0, None, True),
    ("index-japan-video", "japan", {"l4": (64, 8), "a10g": (64, 9), "l40s": (48, 6)}, ["aws-ap-northeast-1"], 9, 0, None, True),
    ("classify-brazil-news", "brazil", {"l4": (32, 8), "a10g": (32, 9), "t4": (48, 12)}, ["aws-sa-east-1"], 1, 0, None, True),
    ("render-film-london", "uk", {"l4": (96, 10), "l40s": (64, 6), "a10g": (96, 9)}, ["aws-eu-west-2"], 5, 0, 24, True),
    ("screen-molecules", "eu-adequate", {"l40s": (64, 9), "a100-40": (64, 7), "l4": (128, 12)}, ["gcp-europe-west6"], 2, 0, None, True),
    ("evaluate-models", None, {"a100-40": (64, 10), "l40s": (96, 9), "h100": (32, 8)}, ["aws-us-west-2", "gcp-us-west1"], 1, 0, None, True),
]
MFU = 0.4

# profile -> accelerator, cards per replica, requests/s per replica, service time in ms (assumption), memory per card in GB
PROFILES: dict[str, tuple[list[tuple[str, int, float, float]], float]] = {
    "chat": ([("h100", 1, 12, 700), ("h200", 1, 16, 600), ("a100-40", 1, 5, 1000), ("l40s", 1, 4, 1100), ("l4", 1, 1.4, 1900), ("a10g", 1, 1.5, 1900)], 20),
    "large": ([("h100", 4, 8, 1800), ("h200", 4, 12, 1500), ("a100-80", 4, 3.5, 2600)], 70),
    "speech": ([("l4", 1, 26, 160), ("a10g", 1, 28, 170), ("t4", 1, 12, 260), ("l40s", 1, 60, 110)], 8),
    "vision": ([("l4", 1, 70, 35), ("a10g", 1, 75, 35), ("t4", 1, 35, 60), ("l40s", 1, 160, 25)], 8),
    "rank": ([("l4", 1, 500, 10), ("a10g", 1, 520, 10), ("t4", 1, 260, 15)], 8),
    "image": ([("l40s", 1, 0.6, 4000), ("a100-40", 1, 0.8, 3200), ("h100", 1, 1.7, 1600), ("a10g", 1, 0.25, 8000), ("l4", 1, 0.22, 9000)], 20),
}  # fmt: skip
# request and response in kB
SIZES_KB = {"chat": (6, 4), "large": (20, 6), "speech": (48, 4), "vision": (90, 2), "rank": (2, 1), "image": (2, 600)}

WEIGHT = {
    "new-york": 1.0, "chicago": 0.6, "dallas": 0.6, "los-angeles": 0.8, "san-francisco": 0.8, "toronto": 0.5,
    "sao-paulo": 0.8, "rio": 0.4, "london": 0.9, "dublin": 0.25, "paris": 0.7, "amsterdam": 0.45, "berlin": 0.6,
    "madrid": 0.45, "milan": 0.45, "stockholm": 0.3, "warsaw": 0.35, "zurich": 0.3, "johannesburg": 0.25, "dubai": 0.35,
    "mumbai": 0.9, "delhi": 0.9, "bengaluru": 0.7, "singapore": 0.5, "jakarta": 0.5, "tokyo": 1.0, "osaka": 0.5,
    "seoul": 0.6, "sydney": 0.5,
}  # fmt: skip
"""Relative number of users (assumption)."""
AHEAD_OF_UTC = {row[0]: row[5] for row in METROS}
MARKETS = {
    "us": ["new-york", "chicago", "dallas", "los-angeles", "san-francisco"],
    "eu": ["dublin", "paris", "amsterdam", "berlin", "madrid", "milan", "stockholm", "warsaw"],
    "uk": ["london"],
    "japan": ["tokyo", "osaka"],
    "india": ["mumbai", "delhi", "bengaluru"],
    "brazil": ["sao-paulo", "rio"],
}
HOME_POLICY = {metro: market for market, metros in MARKETS.items() for metro in metros} | {"dublin": "eu-transit-europe"}
"""Cables from Ireland to the continent pass Great Britain, so its users' data may."""
OTHERS = [metro for metro in WEIGHT if metro not in HOME_POLICY]

# one per market: profile, requests/s per unit of weight, limit of the round trip in ms, fewest sites
MARKET_SERVICES: list[tuple[str, str, float, float, int]] = [
    ("chat", "chat", 300, 80, 2),
    ("copilot", "large", 20, 120, 1),
    ("voice", "speech", 1500, 60, 1),
    ("camera", "vision", 3200, 60, 1),
    ("feed", "rank", 20000, 50, 1),
]
# for users everywhere; where a market has a residency policy its users keep it: profile, rate, limit of the round trip in ms
WORLD_SERVICES: list[tuple[str, str, float, float]] = [
    ("search-world", "rank", 12000, 80),
    ("translate-world", "chat", 90, 250),
    ("pictures-world", "image", 10, 400),
    ("meetings-world", "speech", 700, 80),
    ("assistant-world", "large", 8, 300),
    ("moderation-world", "vision", 1000, 150),
]
# for the places without a rule of their own: profile, metros, rate, limit of the round trip in ms, policy
OTHER_SERVICES: list[tuple[Any, ...]] = [
    ("chat-asia", "chat", ["singapore", "jakarta", "seoul"], 300, 80, "no-hong-kong"),
    ("voice-asia", "speech", ["singapore", "jakarta", "seoul"], 1200, 60, None),
    ("chat-oceania", "chat", ["sydney"], 400, 60, None),
    ("chat-canada", "chat", ["toronto"], 350, 50, None),
    ("chat-swiss", "chat", ["zurich"], 350, 40, "eu-adequate"),
    ("chat-gulf-africa", "chat", ["dubai", "johannesburg"], 300, 250, None),
    ("games-korea", "vision", ["seoul"], 1500, 20, "no-hong-kong"),
    ("trading-us", "rank", ["new-york", "chicago"], 15000, 35, "us"),
]


def training() -> list[Element]:
    """Return the training jobs: pretraining, tuning, batches."""
    jobs = [_pretraining(*row) for row in PRETRAINING] + [_tuning(*row) for row in TUNING]
    return jobs + [_batch(*row) for row in BATCHES] + [_across_regions()]


def _job(name: str, policy: str | None, at: list[str], terabytes: float, hours: float) -> Element:
    job: Element = {"kind": "training", "id": name} | ({"policy": policy} if policy else {})
    return job | {"dataset": {"at": at, "gb": round(terabytes * 1000), "transfer_hours": hours}}


def _pretraining(
    name: str, policy: str, parameters: float, tokens: float, counts: list[int], days: float, at: list[str], tb: float
) -> Element:
    job = _job(name, policy, at, tb, 24) | {"name": f"{parameters:g} billion parameters on {tokens:g} billion tokens"}
    kinds = ["h100", "h200", "a100-80", "a100-40"]
    compute = {"pflop_days": pflop_days(parameters, tokens), "utilization": MFU, "counts": counts, "accelerators": kinds}
    return job | {"compute": compute, "deadline_hours": days * 24}


def _tuning(
    name: str, policy: str | None, kinds: tuple[str, ...], amount: float, counts: list[int], at: list[str], tb: float,
    earliest: float, deadline: float | None, interruptible: bool,
) -> Element:  # fmt: skip
    compute = {"pflop_days": amount, "utilization": MFU, "counts": counts, "accelerators": list(kinds)}
    return _job(name, policy, at, tb, 2) | {"compute": compute} | _timing(earliest, deadline, interruptible)


def _batch(
    name: str, policy: str | None, needs: dict[str, tuple[int, float]], at: list[str], tb: float,
    earliest: float, deadline: float | None, interruptible: bool,
) -> Element:  # fmt: skip
    rows = [{"accelerator": kind, "count": count, "hours": hours} for kind, (count, hours) in needs.items()]
    return _job(name, policy, at, tb, 4) | {"needs": rows} | _timing(earliest, deadline, interruptible)


def _timing(earliest: float, deadline: float | None, interruptible: bool) -> Element:
    timing: Element = {"earliest_start_hours": earliest} if earliest else {}
    timing |= {"deadline_hours": deadline} if deadline else {}
    return timing | ({"interruptible": True} if interruptible else {})


def _across_regions() -> Element:
    """A job that may be split over two regions when the link between them carries its gradients."""
    job = _job("moe-us-two-regions", "us", ["aws-us-east-2"], 15, 12)
    job |= {"needs": [{"accelerator": "h100", "count": 640, "hours": 500}]}
    return job | {"max_sites": 2, "multi_site": {"min_bandwidth_gbps": 20, "max_rtt_ms": 80, "efficiency": 0.85}}


def inference() -> list[Element]:
    """Return the inference services: one set per market, those for the world, those for other places."""
    by_market = [_service(f"{name}-{market}", profile, metros, rate, rtt, market) | ({"min_sites": sites} if sites > 1 and market in ("us", "eu", "japan", "india") else {})
                 for market, metros in MARKETS.items() for name, profile, rate, rtt, sites in MARKET_SERVICES]  # fmt: skip
    world = [_service(name, profile, list(WEIGHT), rate, rtt, None) for name, profile, rate, rtt in WORLD_SERVICES]
    others = [_service(name, profile, metros, rate, rtt, policy) for name, profile, metros, rate, rtt, policy in OTHER_SERVICES]
    return by_market + world + others


def _service(name: str, profile: str, metros: list[str], rate: float, rtt_ms: float, policy: str | None) -> Element:
    serving, memory = PROFILES[profile]
    request_kb, response_kb = SIZES_KB[profile]
    service: Element = {"kind": "inference", "id": name} | ({"policy": policy} if policy else {})
    service["demand"] = [_demand(metro, rate, policy is None and name.endswith("-world")) for metro in metros]
    keys = ("accelerator", "accelerators_per_replica", "requests_per_second", "service_ms")
    service["serving"] = [dict(zip(keys, row, strict=True)) for row in serving]
    service |= {"max_rtt_ms": rtt_ms, "memory_gb_per_accelerator": memory, "request_kb": request_kb, "response_kb": response_kb}
    return service | {"target_utilization": 0.8}


def _demand(metro: str, rate: float, by_home: bool) -> Element:
    rates = shaped(rate * WEIGHT[metro], OFFICE_AND_EVENING, AHEAD_OF_UTC[metro], PERIOD_HOURS)
    demand: Element = {"location": metro, "requests_per_second": rates}
    return demand | ({"policy": HOME_POLICY[metro]} if metro == "dublin" or (by_home and metro in HOME_POLICY) else {})
