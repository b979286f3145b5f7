# SPDX-License-Identifier: BSD-2-Clause
"""Prints the lists of -l, --list-cases and --platforms; nothing boots for any of them."""
from typing import Dict, List

from .agenda import Agenda
from .host import Host
from .model import UserError
from .plan import suites, world
from .platforms import survey
from .text import clean_text


def tests(agenda: Agenda) -> None:
    """Print every stanza's name, as -l of kvm-unit-tests does; -g narrows the list. The images need
    not be built."""
    stanzas = suites.read_stanzas(agenda.host, agenda.cfg, agenda.options.values.get("set", []))
    groups = agenda.options.words("group")
    known = {group for stanza in stanzas for group in stanza.groups}
    for group in groups:
        if group not in known:
            raise UserError("unknown group %s; there are: %s" % (group, " ".join(sorted(known))))
    for stanza in stanzas:
        if not groups or set(groups) & set(stanza.groups):
            print(stanza.name)


def cases(agenda: Agenda) -> None:
    """Print id, row and sentence of every selected case, tab-separated."""
    for suite, chosen in agenda.chosen:
        for case in chosen:
            row = (case.row, clean_text(case.sentence))
            print("%s/%s\t%s\t%s" % ((suite.stanza.name, case.name) + row))


def versions(host: Host, name: str) -> None:
    """Print what PLATFORM+VERSION can be: a line for each kernel or Xen and for each root."""
    from .platforms import known, named, unknown
    from .platforms.lab import choices
    base = name.split("+")[0]
    if not named(base + "+trixie"):
        raise UserError("--versions %s: %s" % (name, "it has none: it is what this machine runs"
                                               if base in known() else unknown(base, known())))
    lines, problem = choices.of(host, base)
    print("%s: %s" % (base, problem))
    width = max(len(line.name) for line in lines)
    for line in lines:
        print(clean_text("%-*s %-9s %s" % (width, line.name, line.state, line.about)))


def case_of(host: Host, situation: str) -> None:
    """Print a case, to be pasted into a file of x86/, that stages this situation of the generated
    world. A class of deviations is named after its smallest situation."""
    print("\n".join(world.ask(host, ["--write-case", situation])))


def platforms(host: Host) -> None:
    """Print each platform: whether it is ready, or what is missing and how to get it. The further
    CPU models of a platform that are ready follow it, as a list."""
    found = survey(host)
    models: Dict[str, List[str]] = {}
    for platform, missing in found:
        if platform.variant_of and not missing:
            models.setdefault(platform.variant_of, []).append(platform.name)
    found = [(platform, missing) for platform, missing in found if not platform.variant_of]
    width = max(len(platform.name) for platform, _ in found)
    for platform, missing in found:
        state = "ready" if not missing else "missing"
        slow = "; only with -p" if platform.slow else ""
        print("%-*s %-8s %s%s" % (width, platform.name, state, platform.about, slow))
        lines = ["- %s: %s" % need for need in missing] or ["%s; expectations: expected/%s.cfg" % (
            platform.version(host), platform.expectations(host))]
        if platform.name in models:
            lines.append("other CPU models, only with -p: " + " ".join(models[platform.name]))
        for line in lines:
            print("%*s %s" % (width, "", line))
