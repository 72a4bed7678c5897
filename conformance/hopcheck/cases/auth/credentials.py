"""Credentials that aren't the right ones. Holds no case."""

UNKNOWN = "hopcheck-wrong-key"


def wrong_headers(key: str) -> dict[str, dict[str, str]]:
    """The credentials of clients that have no right key, by how they are wrong; each is close to the right one."""
    wrong = {"unknown": UNKNOWN, "beginning": key[:-1], "continued": f"{key}x", "end": f"x{key}", "empty": ""}
    return {
        **{name: {"Authorization": f"Bearer {value}"} for name, value in wrong.items()},
        "other case": {"Authorization": f"Bearer {key.swapcase()}"},
        "query of a forwarder": {"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Authorization": f"Bearer {key}"},
    }


def odd_headers(key: str) -> dict[str, dict[str, str]]:
    """The right key, shown in another way than as a bearer's."""
    return {"other scheme": {"Authorization": f"Basic {key}"}, "no scheme": {"Authorization": key}}
