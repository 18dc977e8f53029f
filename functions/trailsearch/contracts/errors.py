"""The named errors of Trailsearch.

A Lambda function reports an exception to Step Functions under its class name, so these names are what
``Retry`` and ``Catch`` in ``statemachine/`` match, and what a dead letter carries as its ``Error``. A test holds the three together.
"""


class TrailsearchError(Exception):
    """Base of every error that Trailsearch raises on purpose."""


class SettingMissing(TrailsearchError):
    """An environment variable that the function needs is not set."""


class MessageNotRecognized(TrailsearchError):
    """A message is none of the notifications, nor a dead letter, that Trailsearch understands."""


class MessageNotFound(TrailsearchError):
    """The body of a large message, which was set aside, does not exist (any more): the staging bucket expires objects."""


class ExecutionNotFound(TrailsearchError):
    """The execution that a dead letter is about does not exist (any more)."""


class ExecutionsAccessDenied(TrailsearchError):
    """This role may not see the execution that a dead letter is about: by IAM, or by the policy of a key."""


class ExecutionsUnavailable(TrailsearchError):
    """Step Functions is throttling, failing or out of reach. Retried by the workflow."""


class LogError(TrailsearchError):
    """Base of the errors about one log, which do not concern the other logs of an execution."""


class LogBucketUnknown(LogError):
    """A message announces a log in a bucket that is none of this environment's log buckets."""


class LogNotFound(LogError):
    """The log object, or its bucket, does not exist (any more)."""


class LogUnreadable(LogError):
    """S3 refuses to hand out the log object: access denied, archived, key disabled."""


class LogCorrupt(LogError):
    """The log object is not gzip, does not hold UTF-8 encoded JSON, or is larger than a log can be."""


class LogWithoutRecords(LogError):
    """The log object is JSON, but has no ``Records`` array, nor is it an array of records: no CloudTrail log."""


class LogsNotListed(TrailsearchError):
    """S3 refuses to list a log bucket, or there is no such bucket (any more)."""


class BackfillNotFound(TrailsearchError):
    """There is no such backfill, or what was planned of it has expired."""


class DocumentTooLarge(TrailsearchError):
    """A search document is larger than the search domain takes."""


class DocumentRefused(TrailsearchError):
    """The search domain refuses a single document."""


class BatchRefused(TrailsearchError):
    """The search domain refuses a batch because of what is in it."""


class DocumentsNotIndexed(TrailsearchError):
    """Some documents of a batch are not indexed, the others are. The message is a JSON array of the dead letters."""


class OutOfTime(TrailsearchError):
    """The function had no time left to find out which documents of a batch the search domain refuses."""


class TooManyRefused(TrailsearchError):
    """The search domain refuses so much of a batch that not all of it is taken apart yet: a redrive goes on."""


class BatchNotFound(TrailsearchError):
    """A staged batch does not exist (any more): the staging bucket expires objects."""


class PayloadTooLarge(TrailsearchError):
    """A state's output would not fit into a Step Functions payload."""


class DiskFull(TrailsearchError):
    """The records of the logs of an execution do not fit on the function's disk."""


class StorageUnavailable(TrailsearchError):
    """S3 is throttling, failing or out of reach. Retried by the workflow."""


class StorageAccessDenied(TrailsearchError):
    """IAM, a bucket policy or a key policy does not let this role use the staging bucket."""


class PublicKeysUnavailable(TrailsearchError):
    """CloudTrail does not say which keys it signs with: throttled, failing, or not allowed to. Retried by the workflow."""


class QueueUnavailable(TrailsearchError):
    """The ingest queue does not take an announcement: throttled, failing, or not allowed to. Retried by the workflow."""


class SearchThrottled(TrailsearchError):
    """The search domain asks for fewer requests. Retried by the workflow."""


class SearchUnavailable(TrailsearchError):
    """The search domain is failing, overloaded or out of reach. Retried by the workflow."""


class SearchAccessDenied(TrailsearchError):
    """The search domain's access policy, or IAM, does not let this role do what it has to. Retried by the workflow."""


class DeletionWithoutEffect(TrailsearchError):
    """The search domain accepts that expired events are deleted, but has as many of them as before, for an hour."""
