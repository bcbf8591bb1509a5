"""The stand-alone verifier: `audit_verify.py` needs Python and `cryptography`, nothing of this portal."""
