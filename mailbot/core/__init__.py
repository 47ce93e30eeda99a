"""What mailbot exists for, pure: values in, values out. No files, no network, no clock, no logging; ``now`` is an argument."""
