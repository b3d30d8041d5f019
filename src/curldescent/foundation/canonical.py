"""One spelling for plain data, so that equal settings have equal fingerprints."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any


def canonical(value: Any) -> str:
    """JSON with sorted keys and no spaces, in which 1 and 1.0 are the same number.

    Args:
        value: numbers, strings, booleans, None, and lists and mappings of them.

    Returns:
        The text.

    Example:
        >>> canonical({"b": 1.0, "a": [0.1, True]})
        '{"a":[0.1,true],"b":1}'
    """
    return json.dumps(_plain(value), sort_keys=True, separators=(",", ":"), allow_nan=False)


def digest(text: str) -> str:
    """SHA-256 of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value
