"""What options a strategy has, read from the schema of its model."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from qfluxd.loading import StrategyModel

_LEAST = {"minimum": "from {}", "exclusiveMinimum": "over {}"}
_MOST = {"maximum": "to {}", "exclusiveMaximum": "under {}"}


def options_of(model: "type[StrategyModel]") -> list[dict[str, Any]]:
    """Each option: name, whether it is required, default, range in words, choices, bounds as JSON Schema has them."""
    schema = model.model_json_schema()
    required = schema.get("required", [])
    return [
        _option(name, part, name in required, schema.get("$defs", {})) for name, part in schema["properties"].items()
    ]


def _option(name: str, part: dict[str, Any], required: bool, shared: dict[str, Any]) -> dict[str, Any]:
    kinds = [_resolved(kind, shared) for kind in part.get("anyOf", [part])]
    bounds = {key: kind[key] for kind in kinds for key in (*_LEAST, *_MOST) if key in kind}
    range_ = " ".join(words.format(bounds[key]) for key, words in (_LEAST | _MOST).items() if key in bounds)
    return {
        "name": name,
        "required": required,
        "default": part.get("default"),
        "range": range_,
        "choices": next((kind["enum"] for kind in kinds if "enum" in kind), None),
        "description": part.get("description", ""),
        **bounds,
    }


def _resolved(kind: dict[str, Any], shared: dict[str, Any]) -> dict[str, Any]:
    """A kind of value; of a list, that of its elements."""
    if "$ref" in kind:
        kind = shared[kind["$ref"].rpartition("/")[2]]
    return _resolved(kind["items"], shared) if "items" in kind else kind
