"""The files of a rules folder, in memory."""
