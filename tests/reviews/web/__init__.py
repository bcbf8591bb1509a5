"""Tests of the pages of reviews."""
