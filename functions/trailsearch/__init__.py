"""The library behind Trailsearch's functions: CloudTrail logs in, searchable events out.

Its packages show the way of the data, and import only what stands below them here::

    page        the search page of `make ui`; not in the Lambda package
    cli         the operator's commands; not in the Lambda package
    audit       CloudTrail's signed digests against the bucket and the ledger; in a package of its own
    questions   what investigators ask; not in the Lambda package either
    workflow    what the states keep for each other, and the letters about what failed
    logs        what is announced, where it lies, what is in it
    search      a search backend: how to write batches, upload them, and ask
    events      record → searchable event
    aws         the edges: clients, S3's errors, calls at the same time, traces, logs and metrics
    contracts   what passes between the states, and what can go wrong

``logs`` and ``search`` know nothing of each other; the handlers beside this package put them together.
"""
