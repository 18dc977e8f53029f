from tests.unit.local_cloud.conftest import Client

from .lambda_package import HANDLER, package


def test_functions_of_moto_run_and_write_their_log(client: Client) -> None:
    role = client("iam").create_role(RoleName="real", AssumeRolePolicyDocument="{}")["Role"]["Arn"]
    client("lambda").create_function(
        FunctionName="real",
        Runtime="python3.13",
        Role=role,
        Handler=HANDLER,
        Code={"ZipFile": package()},
        LoggingConfig={"LogFormat": "Text", "LogGroup": "elsewhere"},
    )

    answer = client("lambda").invoke(FunctionName="real", Payload=b'{"do": "write", "text": "hello"}')

    assert "FunctionError" not in answer
    events = client("logs").filter_log_events(logGroupName="elsewhere")["events"]
    assert "hello" in [event["message"] for event in events]

    failed = client("lambda").invoke(FunctionName="real", Payload=b'{"do": "raise"}')
    assert failed["FunctionError"] == "Unhandled"
