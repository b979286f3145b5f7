# SPDX-License-Identifier: BSD-2-Clause
"""The columns of a history: one platform in all its versions that can run here now."""
from typing import Any, Iterator, List, Tuple

from ..host import Host, version_of
from ..model import UserError
from ..platforms import named, toolbox
from ..platforms.lab import archive, choices, names


def _key(version: str) -> Tuple[Any, ...]:
    return archive.version_key(version.replace("-rc", "~rc"))


def timeline(host: Host, spec: str) -> List[str]:
    """The platforms of a history, oldest version first: of PLATFORM[=FROM..TO] all that can run here
    now. A TO of 7.2 stands for all 7.2.x."""
    base, equals, span = spec.partition("=")
    first, dots, last = span.partition("..")
    if equals and not dots or "+" in base or not named(base + "+trixie"):
        raise UserError("--history %s: give PLATFORM or PLATFORM=FROM..TO, with a platform that has "
                        "versions, as in kvm-amd@tcg=6.12..7.3" % spec)
    found = []
    for name, version in _runnable(host, base, names.kind_of(base)):
        key = _key(version)
        if (not first or key >= _key(first)) and (
                not last or key <= _key(last) or version.startswith((last + ".", last + "-"))):
            found.append((key, name))
    if len(found) < 2:
        raise UserError("--history %s: %s here; --versions %s lists what --setup -p %s+VERSION can "
                        "fetch" % (spec, "only one version is" if found else "no version is", base,
                                   base))
    return [name for _, name in sorted(found)]


def _runnable(host: Host, base: str, kind: str) -> Iterator[Tuple[str, str]]:
    """The names of the platforms that can run here, each with its version."""
    words = choices.fetched(host, kind) if kind else ["", *toolbox.ROOTS]
    for word in words:
        platform = named(base + ("+" + word if word else ""))
        if platform and not platform.needs(host):
            number = word.partition("-")[2] if kind else ".".join(map(str, version_of(
                platform.version(host))))
            if number:
                yield platform.name, number
