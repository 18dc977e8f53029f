import pytest

from trailsearch.events.outcomes import outcome_of


@pytest.mark.parametrize(
    "code",
    [
        "AccessDenied",
        "AccessDeniedException",
        "Client.UnauthorizedOperation",
        "UnauthorizedOperation",
        "UnauthorizedException",
        "VpceAccessDenied",
        "KMSAccessDeniedException",
        "S3AccessDeniedFault",
        "AuthorizationError",
        "AuthorizationErrorException",
        "NotAuthorizedException",
        "SNSNoAuthorization",
        "ForbiddenException",
        "Client.AuthFailure",
        "InsufficientPrivilegesException",
    ],
)
def test_codes_that_mean_denied(code: str) -> None:
    assert outcome_of(code) == "denied"


@pytest.mark.parametrize(
    "code",
    [
        "ThrottlingException",
        "NoSuchEntityException",
        "Client.InvalidGroup.NotFound",
        "AuthorizationNotFound",
        "AuthorizationAlreadyExists",
        "InvalidAuthorizationMessageException",
        "ExpiredTokenException",
        "404",
        "x" * 100_000,
    ],
)
def test_all_other_codes_mean_failed(code: str) -> None:
    assert outcome_of(code) == "failed"
