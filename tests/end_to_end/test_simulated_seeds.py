"""Seeds of the simulation on CloudSearch. They are played after what counts the executions, by the name of this file."""

from tests.end_to_end.simulated_seeds_tests import SimulatedSeedsTests


class TestOnCloudSearch(SimulatedSeedsTests): ...
