"""Policies, training jobs and inference services of the sample ``east-data-west-compute``."""

from __future__ import annotations

from typing import Any

from common import OFFICE_AND_EVENING, ROUND_THE_CLOCK, Element, pflop_days, shaped

GROUPS = {
    "BEIJING-TIANJIN-HEBEI": ["CN-BJ", "CN-TJ", "CN-HE"],
    "YANGTZE-DELTA": ["CN-SH", "CN-JS", "CN-ZJ", "CN-AH"],
    "GREATER-BAY-AREA": ["CN-GD", "HK", "MO"],
    "CHENGDU-CHONGQING": ["CN-SC", "CN-CQ"],
}
# Where data may be processed is also where it may pass.
_WITHIN = {
    "mainland": "CN", "beijing-only": "CN-BJ", "shanghai-only": "CN-SH", "zhejiang-only": "CN-ZJ",
    "guangdong-only": "CN-GD", "guizhou-only": "CN-GZ", "sichuan-only": "CN-SC", "hubei-only": "CN-HB",
    "jing-jin-ji": "BEIJING-TIANJIN-HEBEI", "yangtze-delta": "YANGTZE-DELTA", "bay-area": "GREATER-BAY-AREA",
    "chuan-yu": "CHENGDU-CHONGQING", "hong-kong-only": "HK", "singapore-only": "SG",
}  # fmt: skip
POLICIES: list[Element] = [{"id": name, "allow": [code], "transit_allow": [code]} for name, code in _WITHIN.items()]

MFU = 0.4
TRAINERS = ["910b", "a800", "h800", "h100"]

# id, owner, policy, parameters and tokens in billions, cluster sizes, deadline in days, dataset at, dataset in TB
# The amount of compute is 6 x parameters x tokens; these run for days or weeks beyond the planned day.
PRETRAINING = [
    ("llm-300b", "north-cloud", "mainland", 300, 1500, [4096, 8192, 10000], 45, ["beijing"], 60),
    ("llm-130b", "north-cloud", "mainland", 130, 400, [1024, 2048], 30, ["beijing", "jinan"], 12),
    ("llm-70b", "delta-cloud", "mainland", 70, 2000, [2048, 4096], 45, ["hangzhou"], 20),
    ("multimodal-65b", "delta-cloud", "mainland", 65, 1500, [1024, 2048], 62, ["shanghai"], 180),
    ("llm-34b", "south-cloud", None, 34, 2000, [1024, 2048], 45, ["shenzhen"], 20),
    ("video-20b", "south-cloud", "mainland", 20, 6000, [1024, 2048], 70, ["guangzhou", "wuhan"], 300),
    ("llm-13b", "west-cloud", "mainland", 13, 2000, [512, 1024], 20, ["chengdu"], 8),
    ("llm-7b", "south-cloud", None, 7, 2000, [256, 512, 768], 14, ["shenzhen"], 8),
    ("code-7b", "delta-cloud", "mainland", 7, 1500, [256, 512, 768], 12, ["hangzhou"], 4),
    ("speech-3b", "west-cloud", "mainland", 3, 1000, [128, 256], 10, ["chengdu"], 25),
    ("science-10b", "north-cloud", "mainland", 10, 1200, [512, 1024], 14, ["beijing"], 30),
    ("vision-22b", "north-cloud", "mainland", 22, 800, [512, 1024], 21, ["tianjin", "beijing"], 90),
]
# id, owner, policy, {accelerator: (count, hours)}, dataset at, TB, earliest start, deadline, interruptible
DAY_JOBS: list[tuple[Any, ...]] = [
    ("weather-forecast", "north-cloud", "mainland", {"910b": (1024, 9), "a800": (1024, 9)}, ["beijing"], 40, 4, 16, False),
    ("driving-retrain", "delta-cloud", "yangtze-delta", {"910b": (512, 12), "a800": (512, 11)}, ["shanghai"], 220, 0, 24, False),
    ("driving-replay", "south-cloud", "mainland", {"910b": (1024, 8), "a800": (1024, 7)}, ["guangzhou"], 150, 0, None, True),
    ("genomics", "south-cloud", "guangdong-only", {"910b": (384, 14)}, ["shenzhen"], 260, 0, None, False),
    ("medical-images", "west-cloud", "sichuan-only", {"910b": (256, 10)}, ["chengdu"], 30, 8, 24, False),
    ("gov-guizhou-llm", "south-cloud", "guizhou-only", {"910b": (512, 16), "a800": (512, 15)}, ["guiyang"], 6, 0, None, False),
    ("finance-risk", "delta-cloud", "shanghai-only", {"a800": (256, 6), "h20": (384, 8)}, ["shanghai"], 12, 16, 24, False),
    ("gov-beijing-tuning", "north-cloud", "beijing-only", {"l20": (48, 7)}, ["beijing"], 1, 0, None, True),
    ("gov-zhejiang-tuning", "delta-cloud", "zhejiang-only", {"l20": (32, 8)}, ["hangzhou"], 1, 0, None, True),
    ("gov-hubei-tuning", "south-cloud", "hubei-only", {"l20": (24, 8)}, ["wuhan"], 1, 0, None, True),
    ("tuning-70b", "delta-cloud", "mainland", {"910b": (512, 8), "a800": (512, 7), "h800": (256, 5)}, ["hangzhou"], 2, 18, 24, False),
    ("tuning-13b-night", "west-cloud", "mainland", {"910b": (256, 5), "a800": (256, 5)}, ["chongqing"], 1, 0, 8, True),
    ("recommend-daily", "south-cloud", "mainland", {"910b": (768, 6), "a800": (768, 6)}, ["shenzhen", "guangzhou"], 80, 0, 9, False),
    ("search-embedding", "north-cloud", "mainland", {"910b": (1024, 10), "h20": (1024, 12)}, ["beijing"], 60, 0, None, True),
    ("synthetic-data", "delta-cloud", "mainland", {"910b": (768, 12), "h20": (768, 11)}, ["nanjing"], 5, 0, None, True),
    ("rl-rollout", "north-cloud", "mainland", {"910b": (1536, 9), "a800": (1536, 8)}, ["beijing", "zhangjiakou"], 3, 0, None, True),
    ("video-transcode", "west-cloud", "mainland", {"l20": (96, 6), "h20": (256, 4)}, ["chengdu"], 50, 0, None, True),
    ("seismic", "north-cloud", "mainland", {"910b": (512, 13), "a800": (512, 12)}, ["yinchuan", "lanzhou"], 320, 0, None, True),
    ("cfd-surrogate", "west-cloud", "chuan-yu", {"910b": (512, 11)}, ["chongqing"], 25, 0, None, True),
    ("protein-folding", "delta-cloud", "mainland", {"910b": (640, 8), "a800": (512, 9)}, ["shanghai", "wuhu"], 18, 0, None, True),
    ("bank-tuning-singapore", "south-cloud", "singapore-only", {"h100": (128, 9)}, ["singapore"], 4, 0, None, True),
    ("translate-tuning-hong-kong", "south-cloud", "bay-area", {"h20": (96, 9), "910b": (64, 9)}, ["hong-kong"], 2, 0, 20, False),
]

# name of a serving profile -> accelerator, cards per replica, requests/s per replica, service time in ms
PROFILES: dict[str, list[tuple[str, int, float, float]]] = {
    "chat": [("h20", 1, 5, 900), ("910b", 1, 3, 1100), ("a800", 1, 3.6, 1000), ("l20", 1, 1.5, 1600)],
    "chat-h100": [("h100", 1, 10, 700)],
    "large": [("h20", 8, 11, 2500), ("910b", 8, 6.5, 3200), ("a800", 8, 8, 2800), ("h800", 8, 15, 1900)],
    "speech": [("l20", 1, 30, 180), ("h20", 1, 55, 140), ("910b", 1, 40, 160)],
    "vision": [("l20", 1, 90, 25), ("h20", 1, 150, 22), ("910b", 1, 120, 24)],
    "rank": [("l20", 1, 400, 12), ("h20", 1, 700, 10), ("910b", 1, 550, 11), ("a800", 1, 600, 11)],
}
# Relative number of users (assumption), for services that answer many cities.
WEIGHT = {
    "beijing": 1.0, "tianjin": 0.5, "shijiazhuang": 0.35, "jinan": 0.4, "shenyang": 0.4, "zhengzhou": 0.45, "xian": 0.45,
    "shanghai": 1.1, "suzhou": 0.5, "nanjing": 0.5, "hangzhou": 0.65, "hefei": 0.35, "wuhan": 0.55, "changsha": 0.4,
    "fuzhou": 0.35, "guangzhou": 0.9, "shenzhen": 0.95, "chengdu": 0.7, "chongqing": 0.6, "guiyang": 0.25, "kunming": 0.3,
    "lanzhou": 0.2, "hohhot": 0.2, "yinchuan": 0.15, "hong-kong": 0.4, "singapore": 0.4,
}  # fmt: skip
MAINLAND = [city for city in WEIGHT if city not in ("hong-kong", "singapore")]
NORTH = ["beijing", "tianjin", "shijiazhuang", "jinan", "shenyang", "hohhot"]
DELTA = ["shanghai", "suzhou", "nanjing", "hangzhou", "hefei"]
BAY = ["guangzhou", "shenzhen"]
INLAND = ["chengdu", "chongqing", "guiyang", "kunming", "xian", "lanzhou", "yinchuan"]
CENTRE = ["zhengzhou", "wuhan", "changsha", "hefei", "xian"]

# id, owner, policy, profile, cities, requests/s per unit of weight at the peak, limit of the round trip in ms,
# request and response in kB, fewest sites
SERVICES: list[tuple[Any, ...]] = [
    # within the city: 1 ms
    ("drive-beijing", "north-cloud", "beijing-only", "vision", ["beijing"], 6500, 1, 80, 2, 1),
    ("drive-shanghai", "delta-cloud", "shanghai-only", "vision", ["shanghai"], 7000, 1, 80, 2, 1),
    ("drive-guangzhou", "south-cloud", "guangdong-only", "vision", ["guangzhou"], 6000, 1, 80, 2, 1),
    ("drive-shenzhen", "south-cloud", "guangdong-only", "vision", ["shenzhen"], 6500, 1, 80, 2, 1),
    ("factory-chongqing", "west-cloud", "chuan-yu", "vision", ["chongqing"], 6000, 1, 120, 1, 1),
    ("robots-hangzhou", "delta-cloud", "zhejiang-only", "vision", ["hangzhou"], 8000, 1, 60, 1, 1),
    ("drive-wuhan", "south-cloud", "hubei-only", "vision", ["wuhan"], 8500, 1, 80, 2, 1),
    ("ar-guides-xian", "west-cloud", "mainland", "vision", ["xian"], 7000, 1, 50, 20, 1),
    ("trading-shanghai", "delta-cloud", "shanghai-only", "rank", ["shanghai"], 9000, 1, 1, 1, 1),
    # within the hub: 5 ms
    ("speech-north", "north-cloud", "mainland", "speech", NORTH[:4], 2400, 5, 32, 8, 1),
    ("speech-delta", "delta-cloud", "yangtze-delta", "speech", DELTA, 2600, 5, 32, 8, 2),
    ("speech-bay", "south-cloud", "guangdong-only", "speech", BAY, 3000, 5, 32, 8, 2),
    ("speech-inland", "west-cloud", "chuan-yu", "speech", ["chengdu", "chongqing"], 2800, 5, 32, 8, 1),
    ("payments-delta", "delta-cloud", "yangtze-delta", "rank", DELTA, 22000, 5, 2, 1, 2),
    ("payments-bay", "south-cloud", "guangdong-only", "rank", BAY, 24000, 5, 2, 1, 2),
    ("payments-north", "north-cloud", "jing-jin-ji", "rank", NORTH[:3], 20000, 5, 2, 1, 1),
    ("cloud-games-inland", "west-cloud", "mainland", "vision", ["chengdu", "chongqing"], 9000, 5, 4, 160, 1),
    ("gov-guizhou", "south-cloud", "guizhou-only", "chat", ["guiyang"], 700, 5, 6, 4, 1),
    ("gov-sichuan", "west-cloud", "sichuan-only", "chat", ["chengdu"], 380, 5, 6, 4, 1),
    ("gov-guangdong", "south-cloud", "guangdong-only", "chat", BAY, 420, 5, 6, 4, 1),
    ("gov-shanghai", "delta-cloud", "shanghai-only", "chat", ["shanghai"], 420, 5, 6, 4, 1),
    # within the country: 20 ms
    ("chat-north", "north-cloud", "mainland", "chat", [*NORTH, "zhengzhou"], 1150, 20, 6, 4, 2),
    ("chat-delta", "delta-cloud", "mainland", "chat", [*DELTA, "fuzhou"], 1250, 20, 6, 4, 2),
    ("chat-bay", "south-cloud", "mainland", "chat", [*BAY, "changsha", "fuzhou"], 1100, 20, 6, 4, 2),
    ("chat-inland", "west-cloud", "mainland", "chat", INLAND, 950, 20, 6, 4, 2),
    ("copilot-office", "delta-cloud", "mainland", "large", ["beijing", "shanghai", "hangzhou", "guangzhou", "chengdu"], 110, 20, 40, 6, 1),
    ("copilot-code", "north-cloud", "mainland", "large", ["beijing", "shanghai", "shenzhen", "hangzhou", "wuhan", "xian"], 90, 20, 30, 6, 1),
    ("tutor", "west-cloud", "mainland", "chat", CENTRE, 800, 20, 5, 4, 1),
    ("maps-eta", "south-cloud", "mainland", "rank", MAINLAND[:18], 30000, 20, 1, 1, 2),
    ("shop-ranking", "delta-cloud", "mainland", "rank", MAINLAND[:18], 45000, 20, 3, 4, 2),
    # patient: the limit matters little
    ("assistant-national", "north-cloud", "mainland", "large", MAINLAND, 38, 40, 20, 6, 2),
    ("caption-video", "south-cloud", "mainland", "speech", ["beijing", "hangzhou", "guangzhou", "chengdu"], 1500, 60, 900, 4, 1),
    ("moderation", "delta-cloud", "mainland", "vision", ["beijing", "shanghai", "hangzhou", "shenzhen"], 4500, 60, 200, 1, 1),
    # over the border
    ("chat-hong-kong", "south-cloud", "bay-area", "chat", ["hong-kong"], 700, 20, 6, 4, 1),
    ("gov-hong-kong", "south-cloud", "hong-kong-only", "chat", ["hong-kong"], 900, 5, 6, 4, 1),
    ("bank-singapore", "south-cloud", "singapore-only", "chat-h100", ["singapore"], 900, 5, 6, 4, 1),
    ("support-sea", "south-cloud", None, "chat", ["singapore", "hong-kong"], 320, 60, 6, 4, 1),
]
MACHINES = {"vision", "rank"}
TARGET_UTILIZATION = 0.8


def training() -> list[Element]:
    """Return the training jobs, the ChatGPT-class one first."""
    jobs = [_chatgpt_class(), _mixture_of_experts(), _two_sites()]
    return jobs + [_pretraining(*row) for row in PRETRAINING] + [_day_job(*row) for row in DAY_JOBS]


def _job(name: str, owner: str, policy: str | None, at: list[str], terabytes: float) -> Element:
    job: Element = {"kind": "training", "id": name, "owner": owner} | ({"policy": policy} if policy else {})
    return job | {"dataset": {"at": at, "gb": terabytes * 1000, "transfer_hours": 24}}


def _chatgpt_class() -> Element:
    """3,640 PFLOP-days, the published amount for GPT-3 175B; ten days to do it in."""
    job = _job("chatgpt-class", "south-cloud", "mainland", ["shenzhen"], 45) | {"name": "ChatGPT-class training, 175 billion parameters"}
    counts = [1024, 2048, 3200, 4096, 8192, 10000]
    return job | {"compute": {"pflop_days": 3640, "utilization": MFU, "counts": counts, "accelerators": TRAINERS}, "deadline_hours": 240}


def _mixture_of_experts() -> Element:
    """Return a model of the size of DeepSeek-V3: 2.788 million H800-hours on 2,048 of them."""
    job = _job("moe-671b", "north-cloud", "mainland", ["hangzhou", "beijing"], 60) | {"name": "Mixture of experts, 671 billion parameters"}
    return job | {"needs": [{"accelerator": "h800", "count": 2000, "hours": 1394}, {"accelerator": "h800", "count": 1000, "hours": 2788}], "deadline_hours": 24 * 90}


def _two_sites() -> Element:
    job = _job("llm-32b-two-sites", "delta-cloud", "mainland", ["shanghai"], 25)
    compute = {"pflop_days": pflop_days(32, 4000), "utilization": MFU, "counts": [2048, 4096, 6144], "accelerators": ["a800", "910b"]}
    job |= {"compute": compute, "deadline_hours": 24 * 40, "max_sites": 2}
    return job | {"multi_site": {"min_bandwidth_gbps": 150, "max_rtt_ms": 15, "efficiency": 0.9}}


def _pretraining(
    name: str, owner: str, policy: str | None, parameters: float, tokens: float, counts: list[int], days: float, at: list[str], tb: float
) -> Element:
    compute = {"pflop_days": pflop_days(parameters, tokens), "utilization": MFU, "counts": counts, "accelerators": TRAINERS}
    title = {"name": f"{parameters:g} billion parameters on {tokens:g} billion tokens"}
    return _job(name, owner, policy, at, tb) | title | {"compute": compute, "deadline_hours": days * 24}


def _day_job(
    name: str, owner: str, policy: str | None, needs: dict[str, tuple[int, float]], at: list[str], tb: float,
    earliest: float, deadline: float | None, interruptible: bool,
) -> Element:  # fmt: skip
    job = _job(name, owner, policy, at, tb)
    job["dataset"]["transfer_hours"] = 6
    job["needs"] = [{"accelerator": kind, "count": count, "hours": hours} for kind, (count, hours) in needs.items()]
    job |= {"earliest_start_hours": earliest} if earliest else {}
    job |= {"deadline_hours": deadline} if deadline else {}
    return job | ({"interruptible": True} if interruptible else {})


def inference() -> list[Element]:
    """Return the inference services."""
    return [_service(*row) for row in SERVICES]


def _service(
    name: str, owner: str, policy: str | None, profile: str, cities: list[str], peak: float, rtt_ms: float,
    request_kb: float, response_kb: float, min_sites: int,
) -> Element:  # fmt: skip
    shape = ROUND_THE_CLOCK if profile in MACHINES else OFFICE_AND_EVENING
    service: Element = {"kind": "inference", "id": name, "owner": owner} | ({"policy": policy} if policy else {})
    service |= {"priority": 3} if rtt_ms <= 1 else {}
    service["demand"] = [{"location": city, "requests_per_second": shaped(peak * WEIGHT[city], shape)} for city in cities]
    keys = ("accelerator", "accelerators_per_replica", "requests_per_second", "service_ms")
    service["serving"] = [dict(zip(keys, row, strict=True)) for row in PROFILES[profile]]
    service |= {"max_rtt_ms": rtt_ms, "request_kb": request_kb, "response_kb": response_kb, "target_utilization": TARGET_UTILIZATION}
    return service | ({"min_sites": min_sites} if min_sites > 1 else {})
