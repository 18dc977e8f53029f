"""The resources of one account and region, of which records speak."""

from random import Random

from tests.log_generator.draws import unique_id
from tests.log_generator.templates import Pools, cloudtrail_json

_SYSTEMS = (
    "orders",
    "billing",
    "search",
    "catalog",
    "checkout",
    "reports",
    "media",
    "ingest",
    "notify",
    "ledger",
)
_STAGES = ("prod", "staging", "dev")
_OBJECT_KEYS = (
    "exports/2024/07/orders.parquet",
    "uploads/9f/7c/invoice-2024-0117.pdf",
    "logs/app/part-00017-of-00200.snappy.parquet",
    "Отчёты/баланс за июль.xlsx",
    "会議資料/売上レポート.pdf",
    "presse/Übersicht Größen & Maße.csv",
    "tmp/a=b/it's here.txt",
    "models/encoder/checkpoint-48000/pytorch_model.bin",
)
_TAGS = (
    ("Team", "платежи"),
    ("Owner", "Søren Kjærgård"),
    ("Status", "ready 🚀"),
    ("Note", 'keep the "old" name, C:\\deploy\\current'),
    ("CostCenter", "R&D <4711>"),
    ("ManagedBy", "terraform"),
)


def build_inventory(rng: Random, account: str, region: str) -> Pools:
    """Resources with fixed names, drawn once."""
    suffix = account[-4:]
    systems = [(system, stage) for stage in _STAGES for system in rng.sample(_SYSTEMS, k=len(_SYSTEMS))]
    names = [f"{system}-{stage}" for system, stage in systems]

    def digits(count: int) -> str:
        return f"{rng.getrandbits(4 * count):0{count}x}"

    def uuid() -> str:
        text = digits(32)
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}-{text[20:]}"

    return {
        "bucket": [{"bucket": f"{name}-{region}-{suffix}"} for name in names],
        "key": [{"key": uuid()} for _ in range(12)],
        "object": [{"object": cloudtrail_json(key)[1:-1]} for key in _OBJECT_KEYS],
        "tag": [
            {"tag.key": cloudtrail_json(key)[1:-1], "tag.value": cloudtrail_json(value)[1:-1]}
            for key, value in _TAGS
        ],
        "role": [{"role": f"{name}-task", "role.id": unique_id(rng, "AROA")} for name in names[:16]],
        "service": [{"service": name} for name in names],
        "queue": [{"queue": f"{name}-events"} for name in names[:12]],
        "function": [{"function": f"{name}-handler"} for name in names[:14]],
        "parameter": [
            {"parameter": f"/{stage}/{system}/{leaf}"}
            for system, stage in systems[:12]
            for leaf in ("database/password", "api-key", "feature-flags")
        ],
        "secret": [{"secret": f"{name}/database", "secret.suffix": digits(6)} for name in names[:15]],
        "instance": [
            {
                "instance": f"i-0{digits(16)}",
                "instance.address": f"10.20.{rng.randrange(64)}.{rng.randrange(4, 250)}",
            }
            for _ in range(24)
        ],
        "table": [{"table": f"{name}-items"} for name in names[:8]],
        "database": [{"database": f"{name}-aurora-1"} for name in names[:6]],
        "log_group": [{"log_group": f"/aws/lambda/{name}-handler"} for name in names[:14]],
        "load_balancer": [{"load_balancer": name, "load_balancer.id": digits(16)} for name in names[:8]],
        "network": [
            {
                "network": f"vpc-0{digits(16)}",
                "network.subnet": f"subnet-0{digits(16)}",
                "network.security_group": f"sg-0{digits(16)}",
            }
            for _ in range(5)
        ],
        "volume": [
            {"volume": f"vol-0{digits(16)}", "volume.snapshot": f"snap-0{digits(16)}"} for _ in range(12)
        ],
        "image": [{"image": f"ami-0{digits(16)}"} for _ in range(4)],
    }
