"""References of checks to standards; the edition always stands with the id, because lists are renumbered."""

from apps.posture.spec import Ref


def nist(control: str) -> Ref:
    """Return a control of NIST SP 800-53."""
    return Ref("nist-sp800-53", "Revision 5 (5.1.1)", control)


def atlas(item: str) -> Ref:
    """Return a technique (AML.T…) or mitigation (AML.M…) of MITRE ATLAS."""
    return Ref("mitre-atlas", "5.6.0", item)


def iso42001(control: str) -> Ref:
    """Return a control of ISO/IEC 42001, Annex A."""
    return Ref("iso-iec-42001", "2023", control)


def aisvs(requirement: str) -> Ref:
    """Return a requirement of the OWASP AI Security Verification Standard; its titles are not shipped."""
    return Ref("owasp-aisvs", "1.0", requirement)


def owasp_ml(entry: str) -> Ref:
    """Return an entry of the OWASP Machine Learning Security Top 10."""
    return Ref("owasp-ml-2023", "2023", entry)
