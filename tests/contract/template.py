"""The index template of the domain, as Trailsearch designs it."""

from typing import Any

_LITERAL: dict[str, Any] = {"type": "keyword", "ignore_above": 8191}


def index_template(prefix: str, shards: int, replicas: int) -> dict[str, Any]:
    """Give the template of an environment."""
    return {
        "index_patterns": [f"{prefix}-events-*"],
        "priority": 500,
        "version": 1,
        "template": {
            "settings": {
                "index": {
                    "number_of_shards": shards,
                    "number_of_replicas": replicas,
                    "refresh_interval": "10s",
                    "codec": "best_compression",
                    "sort.field": "event_time",
                    "sort.order": "desc",
                    "mapping.total_fields.limit": 200,
                    "query.default_field": ["raw"],
                    "analysis": {
                        "char_filter": {
                            "json_escapes": {
                                "type": "pattern_replace",
                                "pattern": r"\\(?:[\"\\/bfnrt]|u[0-9a-fA-F]{4})",
                                "replacement": " ",
                            }
                        },
                        "tokenizer": {
                            "record": {
                                "type": "char_group",
                                "tokenize_on_chars": ["whitespace", "punctuation", "symbol"],
                            }
                        },
                        "analyzer": {
                            "record": {
                                "type": "custom",
                                "char_filter": ["json_escapes"],
                                "tokenizer": "record",
                                "filter": ["lowercase"],
                            }
                        },
                    },
                }
            },
            "aliases": {f"{prefix}-events": {}},
            "mappings": {
                "dynamic": False,
                "_meta": {"trailsearch": 1},
                "properties": {
                    "event_time": {
                        "type": "date",
                        "format": "strict_date_optional_time",
                        "ignore_malformed": True,
                    },
                    "event_id": _LITERAL,
                    "event_name": _LITERAL,
                    "event_source": _LITERAL,
                    "resource_arns": _LITERAL,
                    "request_id": _LITERAL | {"doc_values": False},
                    "source_ip_address": _LITERAL
                    | {"fields": {"ip": {"type": "ip", "ignore_malformed": True}}},
                    "user_agent": {"type": "text", "fields": {"exact": _LITERAL}},
                    "user_agent_exact": {"type": "alias", "path": "user_agent.exact"},
                    "error_message": {"type": "text"},
                    "raw": {"type": "text", "norms": False, "analyzer": "record"},
                },
            },
        },
    }
