"""The local AWS: moto in one process, with what moto lacks. Trailsearch is deployed into it by its own Terraform.

moto answers the APIs of AWS, without an account and without Docker: Terraform, boto3 and the functions are those that
go to AWS. Of each service that they use, this is moto's and this is ours. "gaps": moto's own code, changed where it is
not as AWS is. "ours": code of our own::

    service        whose                 what we add                           why: moto …
    -------------  --------------------  ------------------------------------  -----------------------------------------
    iam            moto's
    kms            moto's
    scheduler      moto's
    sns            moto's
    sts            moto's
    cloudtrail     moto's + gaps         gaps/cloudtrail.py                    overlooks which trail is meant, has no keys
    cloudwatch     moto's + gaps         gaps/cloudwatch/dimensions.py         confuses three dimensions
                                         gaps/cloudwatch/embedded_metrics.py   sees no metrics in logs, no percentiles
                                         gaps/cloudwatch/service_metrics.py    has no metrics of other services
    events         moto's + gaps         gaps/events.py                        changes what it hands to targets
    logs           moto's + gaps         gaps/logs.py                          has no saved queries
    s3             moto's + gaps         gaps/s3.py                            denies where a condition does not hold
    sqs            moto's + gaps         gaps/sqs/queues.py                    loses messages between threads
                                         gaps/sqs/message_move_tasks.py        cannot redrive
    stepfunctions  moto's + gaps         gaps/stepfunctions/definitions.py     validates none, parses them every time
                                         gaps/stepfunctions/executions.py      starts and describes them its own way
                                         gaps/stepfunctions/map_runs.py        takes an item that fails for one that succeeds
                                         gaps/stepfunctions/paths.py           makes no list of a single find
                                         gaps/stepfunctions/redrive.py         cannot redrive
                                         gaps/stepfunctions/status_changes.py  sends no event when an execution ends
                                         gaps/stepfunctions/stop.py            lets the running state go on
                                         gaps/stepfunctions/tasks.py           starts no execution from a Task
    opensearch     moto's + gaps + ours  gaps/opensearch.py                    forgets address types, knows no upgrades
                                         services/opensearch/                  keeps domains, and stores no documents
    awslambda      moto's + gaps + ours  gaps/awslambda.py                     drops LoggingConfig, knows no account
                                         services/awslambda/                   keeps functions; runs them in Docker only
    pipes          moto's + gaps + ours  gaps/pipes.py                         starts what was stopped
                                         services/pipes/                       keeps pipes, and runs none
    cloudsearch    ours                  services/cloudsearch/                 has none

What else is here, from those who use the local cloud down to what moto is changed with::

    pipeline/            Trailsearch from outside, where it is deployed: logs in, wait, be let do it
    terraform/           Trailsearch's own Terraform, applied to the local cloud
    process.py           starts and stops the process, for the demo and the tests
    __main__.py          the process: `python -m tests.local_cloud`
    sealing.py           what of the caller's environment it is sealed off from
    until_input_ends.py  programs that end with whoever started them
    server.py            moto's server with all that follows
    faults/              requests that fail on demand, for whoever sets a rule
    services/            the services that are ours
    gaps/                what is changed in moto's services to be as on AWS
    waits.py             Step Functions' waits, before a retry and in Wait states, shortened for whoever asks
    open_files.py        how many files the server may have open
    service_models.py    botocore's models of services, read once in a process
    patching.py          how moto is changed, so that it shows when moto has changed by itself
"""
