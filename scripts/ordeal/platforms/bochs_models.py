# SPDX-License-Identifier: BSD-2-Clause
"""The CPU models of Bochs, as each of them described itself: bochs_models.tsv, by `make models`.

Every model with a 64-bit mode is a platform, bochs-intel+MODEL or bochs-amd+MODEL, by the vendor
that its CPUID names.
"""
import os
from typing import Dict, List, Sequence, Tuple

from ..record import dataclass

PATH = os.path.join(os.path.dirname(os.path.abspath(__file__)), "bochs_models.tsv")
#: By a vendor's name in CPUID: its platform, and the virtualization that is not its own.
VENDORS = {"GenuineIntel": ("bochs-intel", "svm"), "AuthenticAMD": ("bochs-amd", "vmx")}
#: In place of a vendor: the image said that there is no long mode, or it was never entered.
NO_LONG_MODE, NO_BOOT = "no-long-mode", "no-boot"


@dataclass(frozen=True)
class Model:
    """One model in one version of Bochs. cpu: its vendor in CPUID, or why it has none; offers: what
    it offers, by the names of x86/capabilities.c."""
    version: str
    name: str
    cpu: str
    offers: Tuple[str, ...] = ()

    def why_not(self) -> str:
        """Why this model is no platform; '' if it is one."""
        if self.cpu == NO_LONG_MODE:
            return "no long mode, which the images need"
        if self.cpu == NO_BOOT:
            return "the image is never entered"
        foreign = VENDORS[self.cpu][1]
        return "%s with %s, which no manual describes" % (self.cpu, foreign.upper()) \
            if foreign in self.offers else ""

    @property
    def platform(self) -> str:
        """bochs-intel or bochs-amd; '' if the model is no platform."""
        return "" if self.why_not() else VENDORS[self.cpu][0]


def parse(text: str) -> List[Model]:
    """The models of a file: version, name, vendor and what it offers, tab-separated."""
    rows = [line.split("\t") for line in text.splitlines() if line and not line.startswith("#")]
    return [Model(row[0], row[1], row[2], tuple(" ".join(row[3:]).split())) for row in rows]


def listed() -> List[Model]:
    """Every model of every version, in Bochs' order."""
    with open(PATH, encoding="ascii") as stream:
        return parse(stream.read())


def by_platform(models: Sequence[Model]) -> Dict[str, List[str]]:
    """The names of the models of each platform, each name once."""
    return {platform: list(dict.fromkeys(m.name for m in models if m.platform == platform))
            for platform, _ in VENDORS.values()}


def unguarded(models: Sequence[Model]) -> List[str]:
    """The models with VMX on which nothing ends a guest that sleeps on but the time limit."""
    return [m.name for m in models if "vmx" in m.offers and "preemption_timer" not in m.offers]


def hint(name: str, models: Sequence[Model], default: Dict[str, str]) -> str:
    """Why -p bochs-intel+MODEL names no platform, and which names are near; '' if none is, or for
    another name. default: the model of each platform without a model in its name."""
    platform, plus, rest = name.partition("+")
    if platform not in default or not plus:
        return ""
    wanted, _, suffix = rest.partition("+")
    found = next((m for m in models if m.name == wanted), None)
    if found and found.why_not():
        return "Bochs' %s: %s" % (wanted, found.why_not())
    if found:
        right = found.platform + ("" if default[found.platform] == wanted else "+" + wanted)
        return "unknown suffix +%s" % suffix if right == platform + plus + wanted \
            else "Bochs' %s is %s" % (wanted, right)
    import difflib
    known = [model for model in by_platform(models)[platform] if model != default[platform]]
    near = [model for model in known if wanted and wanted in model] \
        or difflib.get_close_matches(wanted, known, 3)
    return "Bochs has no model %s that is known here; near it are %s" % (wanted, " ".join(
        "%s+%s" % (platform, model) for model in near)) if near else ""
