"""Where reports go when they are published."""
