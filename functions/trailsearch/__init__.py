"""The library behind Trailsearch's functions: CloudTrail logs in, search documents out.

The data flows one way through the modules::

    notifications → trail_log → documents → batching → search_index (cloudsearch)
    messages → log references   gunzip, check   record → document   documents → batches   upload

``messages`` holds the workflow's contracts, ``staging`` what is kept in S3 between its states.
Only ``clients`` makes clients of AWS and only ``tracing`` knows X-Ray; everything else is given them.
"""
