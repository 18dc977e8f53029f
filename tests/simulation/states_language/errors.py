"""What a definition is refused with, and what states fail with."""

# Reserved names: https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation
ALL = "States.ALL"
DATA_LIMIT_EXCEEDED = "States.DataLimitExceeded"
EXCEED_TOLERATED_FAILURE_THRESHOLD = "States.ExceedToleratedFailureThreshold"
INTRINSIC_FAILURE = "States.IntrinsicFailure"
ITEM_READER_FAILED = "States.ItemReaderFailed"
NO_CHOICE_MATCHED = "States.NoChoiceMatched"
RESULT_PATH_MATCH_FAILURE = "States.ResultPathMatchFailure"
RUNTIME = "States.Runtime"
TIMEOUT = "States.Timeout"


class NotSupported(Exception):
    """A definition has something that this interpreter does not know; the message says what, and where."""


class StateFailed(Exception):
    """What a state fails with: the name of its error, as ``ErrorEquals`` has it, and the cause."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}")
        self.error = error
        self.cause = cause


class TaskFailed(StateFailed):
    """What whoever does the work of a Task raises."""


def matches(error: str, names: tuple[str, ...]) -> bool:
    """Is an error among those of ``ErrorEquals``?

    "The States.ALL error type can't catch the States.DataLimitExceeded terminal error or Runtime error types", and of the latter:
    "A States.Runtime error isn't retriable, and will always cause the execution to fail."
    https://docs.aws.amazon.com/step-functions/latest/dg/concepts-error-handling.html#error-handling-error-representation
    """
    if error == RUNTIME:
        return False
    return error in names or (ALL in names and error != DATA_LIMIT_EXCEEDED)
