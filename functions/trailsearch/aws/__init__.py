"""The edges: everything that is asked of AWS goes through here."""
