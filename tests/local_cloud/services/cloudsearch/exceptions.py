"""Errors, by the names of the AWS service models."""

from moto.core.exceptions import ServiceException


class ResourceNotFoundException(ServiceException):
    code = "ResourceNotFoundException"


class ResourceAlreadyExistsException(ServiceException):
    code = "ResourceAlreadyExistsException"


class ValidationException(ServiceException):
    code = "ValidationException"


class InvalidTypeException(ServiceException):
    code = "InvalidTypeException"


class DocumentServiceException(Exception):
    """A batch that the document service refuses as a whole, with the HTTP status and all messages of the answer."""

    def __init__(self, status: int, messages: list[str]) -> None:
        super().__init__(messages)
        self.status = status
        self.messages = messages


class SearchException(Exception):
    """A search request that the search service refuses with status 400."""
