"""Every case of the threat model that access has to withstand is found by its number."""

import re
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
CASES = {5, 6, 7, 8, 9, 10, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24}


def test_each_case_has_a_test_of_its_number() -> None:
    """`test_case_NN_…` as a test, or as the file of several."""
    words = [path.stem for path in TESTS.rglob("test_case*.py")]
    for path in TESTS.rglob("test_*.py"):
        words += re.findall(r"^def (test_case\w+)", path.read_text(), re.MULTILINE)
    found = {int(number) for word in words for number in re.findall(r"_(\d\d)(?=_|$)", word)}
    assert found >= CASES, sorted(CASES - found)
