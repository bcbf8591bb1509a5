"""Registered authentication methods of Microsoft Graph and how strong each is as a second factor.

Phishing resistance follows Microsoft's authentication strengths; SMS and voice are restricted authenticators
(NIST SP 800-63B-4, §3.1.3.3); mail and security questions only reset passwords.
"""

from collections.abc import Iterator

from apps.core.facts import Fact
from apps.inventory.importers.fields import Fields, WrongValue, storable
from apps.inventory.records import FACTOR, Record

RESISTANT, STRONG, WEAK, NOT_A_FACTOR = "phishing_resistant", "strong", "weak", "not_a_factor"
STRENGTHS = {
    "fido2SecurityKey": RESISTANT,
    "passKeyDeviceBound": RESISTANT,
    "passKeyDeviceBoundAuthenticator": RESISTANT,
    "passKeyDeviceBoundWindowsHello": RESISTANT,
    "passKeySynced": RESISTANT,
    "windowsHelloForBusiness": RESISTANT,
    "macOsSecureEnclaveKey": RESISTANT,
    "x509CertificateMultiFactor": RESISTANT,
    "microsoftAuthenticatorPush": STRONG,
    "microsoftAuthenticatorPasswordless": STRONG,
    "softwareOneTimePasscode": STRONG,
    "hardwareOneTimePasscode": STRONG,
    "externalAuthMethod": STRONG,
    "mobilePhone": WEAK,
    "alternateMobilePhone": WEAK,
    "officePhone": WEAK,
    "sms": WEAK,
    "voice": WEAK,
    "temporaryAccessPass": WEAK,
    "email": NOT_A_FACTOR,
    "securityQuestion": NOT_A_FACTOR,
    "appPassword": NOT_A_FACTOR,
    "password": NOT_A_FACTOR,
    "none": NOT_A_FACTOR,
}
_BY_NAME = {name.lower(): (name, strength) for name, strength in STRENGTHS.items()}
#: Graph says that some method is registered, not which.
UNNAMED = "unspecified"


def factor_records(identity_key: str, row: Fields, file: str) -> Iterator[Record]:
    """Yield one factor per registered method of a userRegistrationDetails row.

    A method this portal does not know is counted as weak: present, strength unproven. Raises WrongValue.
    """
    methods = row.rows("methodsRegistered")
    if "methodsRegistered" not in row.data and row.fact("isMfaRegistered") == Fact.YES:
        methods = [UNNAMED]
    seen = set()
    for index, method in enumerate(methods):
        where = f"{row.where}.methodsRegistered[{index}]"
        if not isinstance(method, str) or not method.strip():
            raise WrongValue(where, "the name of a method was expected")
        name, strength = _BY_NAME.get(method.strip().lower(), (storable(method.strip())[:60], WEAK))
        if name in seen:
            continue
        seen.add(name)
        facts = {"identity_key": identity_key, "type": name, "strength": strength, "active": Fact.YES}
        yield Record(FACTOR, f"{identity_key}/{name}", facts, {"method": storable(method)}, file, where)
