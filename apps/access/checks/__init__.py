"""Checks over what the portal itself gave: requests, votes, grants and emergency access, judged under their asset."""
