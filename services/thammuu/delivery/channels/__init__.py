"""The channels, one small file each; what a channel must do is ``delivery/ports.py``."""
