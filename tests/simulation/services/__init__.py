"""Small models of the services: their documented limits and freedoms, each with its source."""
