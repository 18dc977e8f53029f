"""The search page: `make ui` serves it on this machine, to its own user, with the caller's own AWS credentials.

::

    ui           the command
    server       the app: its addresses, and who may ask for them
    guard        nobody else on this machine or on the internet may
    api          what the page asks for, and how it is answered
    behind       the deployed environment behind it: its search domain, status, dead letters
    views        what a view, which is an address of the page, asks for
    answers      what a search domain answers, in plain values
    cursors      where a list of events goes on
    reasons      why nothing was found
    saved        a view as a question
    static/      what runs in the browser

It has no query language, question, status or redrive of its own: all of that is the terminal's.
"""
