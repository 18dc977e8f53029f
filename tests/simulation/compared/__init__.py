"""The simulated world held against the local cloud: the same seeds, played in both, with the same outcome for each message.

The local cloud is another model of AWS, which shares nothing with the simulated world but the product and how the Pipe writes a
message: moto and services of ours, reached by HTTP; Trailsearch deployed into it by its own Terraform; functions that run from their
package in processes of their own. What both come to does not hang on what one of them takes AWS for.

A seed's plan (``tests.simulation.seeds``) is restricted to what can be played in both (``portable``), and both play what is left:

* every message, of each form, good, wrong, foreign, huge, with attributes, doubled, in the order of its plan, all at once;
* every log and record, good and odd: corrupt, without records, missing, archived, denied, of another bucket, of which a function
  dies, with documents that a domain refuses or that are too large for it; and what comes only after it was asked for;
* faults of S3, of a search domain and of invocations, at the three functions of the workflow: each either lasts until all has come
  to rest, at every call, or passes before the retries end.

Both come to rest; then an operator redrives everything, until that changes nothing any more. At both times it is compared
(``outcome``) which record is in the domain, how often, and what waits in the dead-letter queue, in how many letters of which kind,
with which error: a log, a record of a batch, a message or a part of it that is not understood.

Left out of both sides, as the local cloud has no hook for it, or no clock that can be driven: calls that take longer than their
client waits, that fail by a chance, in halves, or as the last that a process does; faults of SQS, Step Functions, EventBridge, and of
what admits messages, which SQS gives again only after minutes; redrives while something fails, aborted executions, deployments, a
Pipe that is stopped, a full domain; clocks that differ; backfill, retention and audit; days of waiting; and a domain that takes small
batches alone. A function dies of a log by its mark in what invokes it, so that such a log is announced by no message that is set
aside; nor is any message set aside where S3 fails at Fetch Logs, as what admits messages would meet that too.

How many letters there are of a log that was announced twice is not compared: that hangs on whether the Pipe hands both messages over
together.
"""
