from tests.unit.local_cloud.conftest import Client


def created(client: Client, name: str) -> None:
    role = client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=role,
        Handler="function.handler",
        Code={"ZipFile": b"none"},
    )


def test_lambdas_logging_and_tracing_configuration_are_kept(client: Client) -> None:
    created(client, "configured")
    function = {"FunctionName": "configured"}
    configuration = client("lambda").get_function_configuration(**function)
    assert configuration["LoggingConfig"] == {"LogFormat": "Text", "LogGroup": "/aws/lambda/configured"}

    client("lambda").update_function_configuration(
        **function, LoggingConfig={"LogFormat": "JSON"}, TracingConfig={"Mode": "Active"}
    )
    configuration = client("lambda").get_function_configuration(**function)
    assert configuration["LoggingConfig"] == {
        "LogFormat": "JSON",
        "LogGroup": "/aws/lambda/configured",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
    }
    assert configuration["TracingConfig"] == {"Mode": "Active"}


def test_the_account_tells_how_many_executions_are_not_reserved(client: Client) -> None:
    created(client, "reserving")
    before = client("lambda").get_account_settings()
    client("lambda").put_function_concurrency(FunctionName="reserving", ReservedConcurrentExecutions=7)
    after = client("lambda").get_account_settings()
    assert before["AccountLimit"]["ConcurrentExecutions"] == 1_000
    unreserved = [each["AccountLimit"]["UnreservedConcurrentExecutions"] for each in (before, after)]
    assert unreserved[0] - unreserved[1] == 7
    assert after["AccountUsage"]["FunctionCount"] >= 1
