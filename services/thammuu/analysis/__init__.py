"""Facts, rules and findings."""
