"""Commands of the inventory: the only writers."""
