"""Reads of the inventory, each through `visible_to`."""
