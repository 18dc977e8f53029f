"""What `make check` tests of a change, and where the time of `make check` and `make test` went.

Its modules::

    changes     which files have changed
    readers     which modules read a file that is no Python
    concerned   which test modules a change concerns, by the imports
    times       a pytest plugin: the seconds of each step, of each folder's tests, of it all
"""
