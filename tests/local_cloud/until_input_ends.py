"""Programs that end with the process that started them."""

_UNTIL_INPUT_ENDS = (
    '"$@" </dev/null & child=$!; exec >/dev/null; cat >/dev/null; kill "$child" 2>/dev/null; wait "$child"'
)


def until_input_ends(*command: str) -> list[str]:
    """Give a command that runs a program until standard input ends.

    So it ends with whoever holds the other end, even if that is killed.
    """
    return ["sh", "-c", _UNTIL_INPUT_ENDS, "sh", *command]
