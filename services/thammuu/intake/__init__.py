"""From score files to publications."""
