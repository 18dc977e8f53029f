from tests.unit.local_cloud.conftest import Client


def test_lambdas_logging_and_tracing_configuration_are_kept(client: Client) -> None:
    role = client("iam").create_role(RoleName="configured", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName="configured",
        Runtime="python3.13",
        Role=role,
        Handler="function.handler",
        Code={"ZipFile": b"none"},
    )
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
