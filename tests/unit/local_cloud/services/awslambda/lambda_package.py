"""A deployment package whose handler does what its event says."""

import io
import zipfile

SOURCE = """
import os, sys, time
print("initialized")
def handler(event, context):
    match event.get("do"):
        case "sleep": time.sleep(event["seconds"])
        case "exit": os._exit(event["status"])
        case "raise": raise ValueError("no good")
        case "write": print(event["text"])
        case "environment": return dict(os.environ)
        case "import": __import__(event["name"])
        case "context": return {
            "name": context.function_name, "remaining": context.get_remaining_time_in_millis(), "id": context.aws_request_id
        }
    return os.getpid()
"""


HANDLER = "function.handler"


def package(source: str = SOURCE) -> bytes:
    """Return a zip with the source as function.py, for `HANDLER`."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("function.py", source)
    return buffer.getvalue()
