"""AWS Lambda functions run for real: from the deployment package that was uploaded, in processes of this Python.

moto keeps the functions; AWS's own runtime interface client runs the handlers, as it does on AWS. What is not as on AWS:
the Python is the local one whatever the function's runtime says, its memory size is reported but not enforced, and
the whole file system is the machine's. Only synchronous invocations are run.

`moto_backend`, which plugs them into moto, is for the server alone.
"""

from .runtime import LambdaRuntime

__all__ = ["LambdaRuntime"]
