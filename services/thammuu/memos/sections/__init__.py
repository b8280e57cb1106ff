"""What a memo says, section by section, and the letter around it."""
