# SPDX-License-Identifier: BSD-2-Clause
"""Finds a case by its id: its record in an image, and the C file that it is written in."""
import os
from typing import NamedTuple

from ordeal.host import Host
from ordeal.model import Case, Stanza, UserError
from ordeal.plan import renamed
from ordeal.plan.image import read_cases
from ordeal.plan.select import check_stanzas, Selection
from ordeal.plan.suites import DEFAULT_CFG, find_image, read_stanzas
from ordeal.text import near


class Found(NamedTuple):
    """A case, the image that holds it, and its source; '' if no file has its name."""
    ident: str
    case: Case
    stanza: Stanza
    image: str
    source: str


def find(host: Host, ident: str) -> Found:
    """The case of this id."""
    suite, slash, name = ident.partition("/")
    if not slash:
        raise UserError("%s is no case: an id has a slash, such as native/nmi.before_irq; "
                        "./run_tests.sh --list-cases lists them" % ident)
    cfg = os.path.join(host.root, DEFAULT_CFG)
    stanzas = read_stanzas(host, cfg, [])
    check_stanzas(stanzas, Selection((suite,)))
    stanza = next(one for one in stanzas if one.name == suite)
    image = find_image(host, cfg, stanza, True)
    cases = read_cases(image) or []
    for case in cases:
        if case.name == name:
            return Found(ident, case, stanza, image, source_of(host.root, stanza, name))
    raise UserError("unknown case %s%s; ./run_tests.sh --list-cases lists them%s" % (
        ident, near(ident, ["%s/%s" % (suite, case.name) for case in cases]), renamed.hint([ident])))


def source_of(root: str, stanza: Stanza, name: str) -> str:
    """The C file of a case: its family in the directory of its image, or the image's one file."""
    image = os.path.splitext(os.path.basename(stanza.file))[0].replace(".model", "")
    family = name.partition(".")[0]
    for path in ("x86/%s/%s.c" % (image, family), "x86/%s.c" % image):
        if os.path.isfile(os.path.join(root, path)):
            return path
    return ""
