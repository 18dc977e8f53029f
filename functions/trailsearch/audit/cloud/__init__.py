"""What of the audit asks AWS: the log buckets, the ledger, CloudTrail's public keys, the ingest queue, and what it keeps.

::

    digest_bucket   the digests and logs of a log bucket, and CloudTrail's public keys
    ledger_reader   the ledger, hour by hour
    look            all of it, for some accounts and Regions and some time
    ingest_queue    what nobody has read is announced again
    audit_store     what one execution of the state machine keeps for itself, and the evidence for others
"""
