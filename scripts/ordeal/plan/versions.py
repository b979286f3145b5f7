# SPDX-License-Identifier: BSD-2-Clause
"""Ranges of versions, as expected/PLATFORM.cfg writes them: >=7.0 <=9.2."""
from typing import Sequence, Tuple

from ..model import UserError

OPERATORS = ("<=", ">=", "<", ">", "=")


def check_term(term: str, where: str) -> Tuple[str, Tuple[int, ...]]:
    """The operator and the numbers of one term; a UserError if it is none."""
    operator = next((op for op in OPERATORS if term.startswith(op)), "")
    number = term[len(operator):].strip()
    if not operator or not number.isascii() or \
            not all(part.isdigit() for part in number.split(".")):
        raise UserError("%s: bad version %r: write <=9.2, >=7.2 or =7.2, with blanks between terms"
                        % (where, term))
    return operator, tuple(int(part) for part in number.split("."))


def version_fits(terms: Sequence[str], version: Tuple[int, ...], where: str = "") -> bool:
    """Whether every term holds. Only as many numbers are compared as the term has, so that =7.2 and
    <=7.2 cover 7.2.22."""
    for term in terms:
        operator, number = check_term(term, where)
        have = (version + (0, 0, 0))[:len(number)]
        holds = {"<=": have <= number, ">=": have >= number, "<": have < number,
                 ">": have > number, "=": have == number}[operator]
        if not holds or not version:
            return False
    return True
