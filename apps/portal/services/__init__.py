"""Commands of the portal: the sample organisation comes and goes."""
