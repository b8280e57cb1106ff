"""Who handles which event, and how."""
