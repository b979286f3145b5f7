# SPDX-License-Identifier: BSD-2-Clause
"""The platforms that this runner knows. A new platform is one file beside this and one line in FAST
or known().

A name with @ is a hypervisor in an emulator (the lab, lab/kvm.py). A suffix +NAME selects another
kernel (+linux-6.1) or Xen (+xen-4.17.7) by its version, the emulator of another release (+trixie,
toolbox.py), another VMM for the guests (+qemu, lab/kvm_qemu.py), migration of the guests (+migrate,
lab/migrate.py), or another CPU model of Bochs (+ryzen, bochs_models.py). known() lists the usual
ones; named() makes any.
"""
from typing import Dict, Iterable, Iterator, List, Optional, Tuple, Type

from ..host import Host
from ..model import UserError
from ..text import near
from . import bochs_models
from .base import Need, Platform
from .bochs import Bochs, BochsAmd, BochsIntel
from .qemu import Kvm, Tcg, TcgIntel
from .toolbox import LISTED, ROOTS

#: Those that run without being named. A run of these loads nothing of the others.
FAST = (Tcg, BochsIntel, BochsAmd, Kvm)
#: The platforms of Bochs without a model in their name.
BOCHS = (BochsIntel, BochsAmd)
#: Seconds of silence that mean a hang, on models on which known deviations do hang.
SILENCE = 15.0


def known() -> Dict[str, Platform]:
    """Every platform that --platforms lists, by its name, in the order of a run."""
    from .lab.kvm import DEFAULT_KERNEL, KvmAmdTcg
    from .lab.kvm_bochs import KvmIntelBochs
    from .lab.kvm_qemu import KvmAmdTcgQemu
    from .lab.migrate import KvmAmdTcgMigrate, KvmIntelBochsMigrate
    from .lab.xen import XenAmdTcg
    from .one_file import BiosTcg, UefiTcg
    every: List[Platform] = [cls() for cls in FAST]
    every += [TcgIntel(), UefiTcg(), BiosTcg(), KvmAmdTcg(), XenAmdTcg(), KvmIntelBochs()]
    every += [KvmAmdTcg("linux-6.1"), KvmIntelBochs("linux-6.1"), KvmAmdTcgQemu()]
    for root in LISTED:
        every += [Tcg(root), TcgIntel(root), BochsIntel(root), BochsAmd(root), XenAmdTcg(root)]
        every += [cls(kernel, root) for cls in (KvmAmdTcg, KvmIntelBochs)
                  for kernel in (DEFAULT_KERNEL, "linux-6.1")]
    every += [cls(kernel, root) for cls in (KvmAmdTcgMigrate, KvmIntelBochsMigrate)
              for kernel in (DEFAULT_KERNEL, "linux-6.1") for root in ("", *LISTED)]
    return {platform.name: platform for platform in every + list(further_models())}


def further_models() -> Iterator[Platform]:
    """A platform for each model of Bochs that has no name of its own, on each Bochs."""
    models = bochs_models.listed()
    for cls in BOCHS:
        for model in bochs_models.by_platform(models)[cls.name]:
            for root in ("", *LISTED):
                if model != cls.model:
                    yield of_model(cls, root, model, models)


def of_model(cls: Type[Bochs], root: str, model: str, models: List[bochs_models.Model]) -> Platform:
    """The platform of this CPU model."""
    platform = cls(root, model)
    if model in bochs_models.unguarded(models):
        platform.silence = SILENCE
    return platform


def named(name: str) -> Optional[Platform]:
    """The platform of this name, whether known() lists it or not; None if there can be none. Whether
    the archive ever served such a version is not asked."""
    base, *words = name.split("+")
    root = words.pop() if words and words[-1] in ROOTS else ""
    made: List[Platform] = []
    if "@" in base:
        from .lab import names
        from .one_file import BiosTcg, UefiTcg
        made = names.of(base, words, root) or [UefiTcg(), BiosTcg()]
    elif not words:
        made = [cls(root) for cls in (Tcg, TcgIntel, *BOCHS) if cls.name == base]
    elif len(words) == 1:
        models = bochs_models.listed()
        made = [of_model(cls, root, words[0], models) for cls in BOCHS
                if cls.name == base and words[0] != cls.model
                and words[0] in bochs_models.by_platform(models)[base]]
    return next((platform for platform in made if platform.name == name), None)


def unknown(name: str, everything: Iterable[str]) -> str:
    """The message for a name that is no platform's."""
    of_bochs = bochs_models.hint(name, bochs_models.listed(), {c.name: c.model for c in BOCHS})
    return "unknown platform %s%s; --platforms lists them" % (
        name, ": " + of_bochs if of_bochs else near(name, everything))


def survey(host: Host) -> List[Tuple[Platform, List[Need]]]:
    """Every platform with what it lacks on this machine."""
    return [(platform, platform.needs(host)) for platform in known().values()]


def captured(names: List[str]) -> Platform:
    """The platform of a log that was captured elsewhere. names: that of which it is one, or none."""
    from .captured import CapturedPlatform
    if not names:
        return CapturedPlatform()
    everything = known()
    like = everything.get(names[0]) or named(names[0])
    if like is None:
        raise UserError(unknown(names[0], everything))
    return CapturedPlatform(like)


def choose(host: Host, names: List[str]) -> List[Platform]:
    """The platforms that names lists; if it is empty, all that run here by default."""
    everything: Dict[str, Platform] = {cls.name: cls() for cls in FAST}
    if not set(names) <= set(everything):
        everything = known()
    chosen: List[Platform] = []
    for name in names:
        if name not in everything:
            platform = named(name)
            if platform is None:
                raise UserError(unknown(name, everything))
            everything[name] = platform
        missing = everything[name].needs(host)
        if missing and not everything[name].defers:
            raise UserError("platform %s cannot run here: %s; %s"
                            % (name, missing[0].what, missing[0].fix))
        if everything[name] not in chosen:
            chosen.append(everything[name])
    if names:
        return chosen
    accel = host.env.get("ACCEL", "").split(",")[0]
    for platform in everything.values():
        if (platform.slow and platform.name != accel) or (accel and platform.accel != accel):
            continue
        if not platform.needs(host):
            chosen.append(platform)
    if not chosen:
        raise UserError("no platform can run here%s; --platforms says what is missing"
                        % (" with ACCEL=" + accel if accel else ""))
    return chosen
