"""The log of events and where it is kept."""
