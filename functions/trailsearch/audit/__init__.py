"""The audit: CloudTrail's signed digests against what lies in the bucket, and what is indexed.

What CloudTrail signs, and how, is read here as its user guide says, and where that is silent, as the AWS CLI does::

    digest_keys    which digest a key is of: account, Region, trail, hour
    digests        what a digest says: the logs of an hour, and the digest before it
    signatures     who says so: RSA, with CloudTrail's public keys
    chains         one digest after the other, back in time, and what is missing between them
    log_hashes     whether a log is what CloudTrail delivered
    findings       what can be found
    reckoning      what the ledger says of each log
    comparison     a log as it was signed, as it lies in the bucket, and as it was indexed
    evidence       all of it, in a sentence and for an auditor to keep

All of these are given what they look at: none of them asks AWS.

https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-log-file-validation-intro.html,
https://github.com/aws/aws-cli/blob/develop/awscli/customizations/cloudtrail/validation.py
"""
