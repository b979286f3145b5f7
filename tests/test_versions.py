# SPDX-License-Identifier: BSD-2-Clause
"""Kernels, Xens and emulators by their version: what the archive serves, and what a name means.

The archive is a text of our own, and apt is a script; no test needs the network.
"""
import os
import time

import pytest
from conftest import ROOT

from ordeal import platforms
from ordeal.host import Host, version_of
from ordeal.model import UserError
from ordeal.platforms.lab import archive, choices, stock

CLOUD = "-cloud-amd64"
#: Package, version, what it depends on.
LISTED = (
    ("linux-image-6.1.0-47" + CLOUD, "6.1.170-3", "kmod"),
    ("linux-image-6.12.90+deb12" + CLOUD, "6.12.90-1~bpo12+1", "kmod"),
    ("linux-image-6.12.90+deb13" + CLOUD, "6.12.90-1", "kmod"),
    ("linux-image-6.12" + CLOUD, "6.12.90-1", "linux-image-6.12.90+deb13" + CLOUD),
    ("linux-image-6.12.117+deb12" + CLOUD, "6.12.117-1", "kmod"),
    ("linux-image-7.1.8+deb13" + CLOUD, "7.1.8-1", "linux-binary-7.1.8+deb13%s (= 7.1.8-1), "
     "linux-modules-7.1.8+deb13%s (= 7.1.8-1)" % (CLOUD, CLOUD)),
    ("linux-binary-7.1.8+deb13" + CLOUD, "7.1.8-1", ""),
    ("linux-image-7.3" + CLOUD, "7.3~rc7-1~exp1", "linux-binary-7.3%s, linux-modules-7.3%s"
     % (CLOUD, CLOUD)),
    ("linux-binary-7.3" + CLOUD, "7.3~rc7-1~exp1", ""),
    ("linux-modules-7.3" + CLOUD, "7.3~rc7-1~exp1", ""),
    ("linux-image-6.12.90+deb12%s-unsigned" % CLOUD, "6.12.90-1", ""),
    ("xen-hypervisor-4.17-amd64", "4.17.5+72-g01140da4e8-1", ""),
    ("xen-hypervisor-4.17-amd64", "4.17.7+13-g2445b30a44-0+deb12u1", ""),
    ("xen-hypervisor-4.17-amd64-dbg", "4.17.7+13-g2445b30a44-0+deb12u1", ""),
    ("qemu-system-x86", "1:10.0.13+ds-0+deb13u1", ""), ("bochs", "3.0+dfsg-1", ""),
    ("bash", "5.2-1", ""))
TEXT = "\n".join("Package: %s\nSource: s\nVersion: %s\nDepends: %s\nDescription: of\n many lines\n"
                 "SHA256: %064x\n" % (*row, number) for number, row in enumerate(LISTED))
PACKAGES = archive.merged([*archive.parse(TEXT, "trixie"), *archive.parse(TEXT, "sid")])

APT = """#!/bin/sh
echo "$*" >>"$FAKE/calls"
case $* in
*RELEASE*FILENAME*) echo "trixie|$FAKE/Packages"; echo "sid|$FAKE/none" ;;
*indextargets*) cat "$FAKE/targets" ;;
*update*) [ ! -e "$FAKE/off" ] || { echo 'E: Could not resolve'; exit 100; } ;;
*download*) for word in "$@"; do case $word in *=*)
	[ "$word" != "$(cat "$FAKE/dropped")" ] || { echo "E: Version of '$word' was not found"; exit 100; }
	echo "$word" >"${word%%=*}_${word#*=}_amd64.deb" ;; esac; done ;;
esac
"""
DPKG = """#!/bin/sh
case $2 in
*binary*) d=$3/usr/lib/modules/7.3-cloud-amd64; mkdir -p "$d"; echo kernel >"$d/vmlinuz" ;;
*modules*) d=$3/usr/lib/modules/7.3-cloud-amd64/kernel; mkdir -p "$d"
	[ -e "$FAKE/no-kvm" ] || printf '\\177ELF' >"$d/kvm.ko" ;;
*image*) mkdir -p "$3/boot" "$3/lib/modules"; echo kernel >"$3/boot/vmlinuz-6.1.0-47-cloud-amd64"
	printf '\\177ELF' >"$3/lib/modules/kvm.ko" ;;
esac
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    """A machine whose apt is a script; files in host.root change what it says."""
    fake, bin_ = tmp_path / "fake", tmp_path / "bin"
    fake.mkdir()
    bin_.mkdir()
    for name, text in (("apt-get", APT), ("dpkg-deb", DPKG), ("helper", "#!/bin/sh\ncat \"$2\"\n")):
        (bin_ / name).write_text(text)
        (bin_ / name).chmod(0o755)
    (fake / "Packages").write_text(TEXT)
    (fake / "targets").write_text("http://m/debian/|bookworm|main|Debian\n"
                                  "http://m/security|bookworm-security|main|Debian\n")
    (fake / "dropped").write_text("")
    monkeypatch.setenv("FAKE", str(fake))
    monkeypatch.setenv("PATH", "%s:%s" % (bin_, os.environ["PATH"]))
    monkeypatch.setattr(archive, "_HELPER", str(bin_ / "helper"))
    return Host(str(fake), str(tmp_path), {})


def calls(host):
    """What apt-get was asked to do."""
    with open(os.path.join(host.root, "calls"), encoding="ascii") as stream:
        return stream.read()


# -- pure ---------------------------------------------------------------------------------------


def test_versions_sort_as_debians_policy_says():
    order = ["1:0.9", "2:0.1~rc1", "2:0.1", "2:0.1-1~bpo12+1", "2:0.1-1", "2:0.1-1+b1", "2:0.1a",
             "2:0.1.2", "2:0.1.10"]
    epochless = ["7.3~rc7-1~exp1", "7.3-1", "7.3.4-1~bpo13+1", "7.3.4-1", "7.12-1"]
    for versions in (order, epochless):
        assert sorted(reversed(versions), key=archive.version_key) == versions


@pytest.mark.parametrize("version,number", [
    ("7.3~rc7-1~exp1", "7.3-rc7"), ("6.1.170-3", "6.1.170"), ("6.12.90-2~bpo12+1", "6.12.90"),
    ("4.17.7+13-g2445b30a44-0+deb12u1", "4.17.7"), ("1:11.1.2+ds-3", "11.1.2")])
def test_the_version_of_the_source(version, number):
    assert archive.number_of(version) == number


def test_only_what_the_lab_uses_is_listed():
    names = {package.name for package in PACKAGES}
    assert "bash" not in names and not any(n.endswith(("-dbg", "-unsigned")) for n in names)
    assert all(p.suites == ("trixie", "sid") and len(p.sha256) == 64 for p in PACKAGES)


def test_kernels_and_what_they_lack():
    """A package that only leads to another is no kernel; of a split one both halves are needed."""
    found = {build.exact: build for build in archive.kernels(PACKAGES)}
    assert list(found) == ["linux-6.1.0-47", "linux-6.12.90-deb12", "linux-6.12.90-deb13",
                           "linux-6.12.117-deb12", "linux-7.1.8-deb13", "linux-7.3"]
    assert found["linux-6.1.0-47"].name == "linux-6.1.170" and not found["linux-6.1.0-47"].lacks
    assert found["linux-7.1.8-deb13"].lacks == \
        "the archive has no linux-modules-7.1.8+deb13-cloud-amd64"
    rc = found["linux-7.3"]
    assert rc.name == "linux-7.3-rc7" and [p.name for p in rc.packages] == [
        "linux-binary-7.3-cloud-amd64", "linux-modules-7.3-cloud-amd64"]


@pytest.mark.parametrize("name,exact", [
    ("linux-6.1.170", "linux-6.1.0-47"), ("linux-6.12.90", "linux-6.12.90-deb13"),
    ("linux-6.12.90-deb12", "linux-6.12.90-deb12"), ("linux-7.3-rc7", "linux-7.3"),
    ("xen-4.17.5", "xen-4.17.5-72-g01140da4e8"),
    ("xen-4.17.7-13-g2445b30a44", "xen-4.17.7-13-g2445b30a44")])
def test_what_a_name_means(name, exact):
    """The newest build of a version of the source, or one build."""
    assert archive.choose(PACKAGES, name).exact == exact


@pytest.mark.parametrize("name,said", [
    ("linux-7.1.8", "no linux-modules-7.1.8"), ("linux-6.12", "it has linux-6.12.90 linux-6.12.117;"),
    ("linux-6.12.118", "did you mean linux-6.12.117?"), ("xen-4.17", "it has xen-4.17.5 xen-4.17.7;")])
def test_what_the_archive_does_not_have(name, said):
    """Never another version in its place."""
    with pytest.raises(UserError) as caught:
        archive.choose(PACKAGES, name)
    assert said in str(caught.value) and "cannot fetch " + name in str(caught.value)


def test_where_the_security_archive_is_only_this_machine_knows():
    targets = "http://m/debian/|bookworm|main|Debian\nhttp://s/|bookworm-security|main|Debian\n"
    lines = archive.sources(targets, "")
    assert len(lines) == len(archive.SUITES) + len(archive.SECURITY)
    assert lines[0].endswith(" http://m/debian/ bookworm main")
    assert lines[-1].endswith(" http://s/ trixie-security main")
    assert len(archive.sources("", "http://mine/")) == len(archive.SUITES)
    assert archive.sources("", "") == []


@pytest.mark.parametrize("name", [
    "tcg+sid", "tcg-intel+forky", "bochs-amd+forky", "bochs-intel+tigerlake+forky",
    "kvm-amd@tcg+linux-7.3.4", "kvm-amd@tcg+linux-6.12.90-deb12.1+migrate+sid",
    "kvm-intel@bochs+linux-7.3-rc7+forky", "xen-amd@tcg+xen-4.20.4-39-gf1e1321c87+trixie"])
def test_names_of_platforms_that_no_list_has(name):
    platform = platforms.named(name)
    assert platform and platform.name == name and name not in platforms.known()
    base = name.split("+")[0]
    assert platform.expectations(Host(ROOT, ROOT, {})) in (base, base.replace("-intel", ""),
                                                          base + "+migrate")


def test_every_listed_platform_can_be_named():
    for name, platform in platforms.known().items():
        if name != "kvm":
            assert type(platforms.named(name)) is type(platform), name


@pytest.mark.parametrize("name", [
    "tcg+linux-7.3.4", "xen-amd@tcg+linux-7.3.4", "kvm-amd@tcg+xen-4.17.5", "kvm+trixie", "tcg+sid+sid",
    "kvm-amd@tcg+linux-7.3.4+linux-7.3.5", "kvm-amd@tcg+sid+linux-7.3.4", "kvm-amd@tcg+linux-6.12",
    "kvm-amd@tcg+linux-7.3.4+qemu", "kvm-amd@tcg+linux-", "nothing@here", "bochs-intel+ryzen", ""])
def test_names_that_mean_nothing(name):
    assert platforms.named(name) is None


def test_bochs_from_its_repository():
    assert version_of("Bochs x86 Emulator 3.0.devel") == (3, 0)
    assert version_of("Built from x.devel") == () and version_of("Linux 7.3.4+deb13") == ()


# -- with apt -----------------------------------------------------------------------------------


def test_a_split_kernel_is_fetched_whole(host):
    """Both packages in one part, which names them with their SHA-256 and needs no list again."""
    assert stock.fetch(host, "linux-7.3-rc7") == \
        "Linux 7.3-rc7, 7.3-cloud-amd64 (linux-binary-7.3-cloud-amd64_7.3~rc7-1~exp1_amd64 " \
        "linux-modules-7.3-cloud-amd64_7.3~rc7-1~exp1_amd64)"
    place = stock.place_of(host, "linux-7.3-rc7")
    with open(os.path.join(place, stock.SUMS), encoding="ascii") as stream:
        sums = [line.split() for line in stream]
    assert [len(digest) for digest, _ in sums] == [64, 64]
    assert sums[0][1] == "linux-binary-7.3-cloud-amd64_7.3~rc7-1~exp1_amd64"
    assert stock.fetch(host, "linux-6.1.170").startswith("Linux 6.1.170, 6.1.0-47-cloud-amd64 (")
    assert calls(host).count(" update") == 1


def test_a_kernel_without_kvm_is_named(host):
    open(os.path.join(host.root, "no-kvm"), "w", encoding="ascii").close()
    with pytest.raises(UserError, match="linux-modules-7.3-cloud-amd64_7.3~rc7-1~exp1_amd64 holds no KVM"):
        stock.fetch(host, "linux-7.3-rc7")
    assert not stock.have(host, "linux-7.3-rc7")


def test_a_version_that_was_dropped_since(host):
    """The archive is asked again, and apt's own words are the reason."""
    archive.ask(host)
    with open(os.path.join(host.root, "dropped"), "w", encoding="ascii") as out:
        out.write("linux-modules-7.3-cloud-amd64=7.3~rc7-1~exp1")
    with pytest.raises(UserError, match="cannot fetch linux-7.3-rc7: E: Version of .* was not found"):
        stock.fetch(host, "linux-7.3-rc7")
    assert calls(host).count(" update") == 2


def test_versions_lists_what_can_be_had(host):
    stock.fetch(host, "linux-7.3-rc7")
    lines, said = choices.of(host, "kvm-amd@tcg")
    found = {line.name: line for line in lines}
    assert "asked" in said and found["kvm-amd@tcg+linux-7.3-rc7"].state == choices.HERE
    assert found["kvm-amd@tcg+linux-7.1.8"].state == choices.GONE
    assert "linux-modules-7.1.8" in found["kvm-amd@tcg+linux-7.1.8"].about
    assert found["kvm-amd@tcg+linux-6.12.90-deb12"].state == choices.SERVED
    assert "6.12.90-1 in trixie" in found["kvm-amd@tcg+linux-6.12.90"].about
    assert "qemu-system-x86 1:10.0.13" in found["kvm-amd@tcg+trixie"].about
    assert all(platforms.named(name) for name in found)


def test_without_the_archive_the_cache_is_listed(host):
    """And it is said why, and how old what else is listed is."""
    stock.fetch(host, "linux-7.3-rc7")
    open(os.path.join(host.root, "off"), "w", encoding="ascii").close()
    os.unlink(os.path.join(host.root, "Packages"))
    path = os.path.join(archive.directory(host), archive.CATALOG)
    with open(path, encoding="utf-8") as stream:
        text = stream.read()
    old = archive.kept(host).asked
    with open(path, "w", encoding="utf-8") as out:
        out.write(text.replace(repr(old), repr(time.time() - 10 * archive.FRESH)))
    lines, said = choices.of(host, "kvm-amd@tcg")
    assert "Could not resolve" in said and "this was so on 20" in said
    assert "kvm-amd@tcg+linux-6.12.90" in {line.name for line in lines}
    with open(path, "w", encoding="utf-8") as out:
        out.write("{half")
    lines, said = choices.of(host, "kvm-amd@tcg")
    assert "only what is in the cache" in said
    assert [line.name for line in lines if "linux" in line.name] == ["kvm-amd@tcg+linux-7.3-rc7"]


def test_of_what_has_no_versions(tree):
    for name, said in (("kvm", "it is what this machine runs"), ("kvn", "did you mean kvm")):
        done = tree.run("--versions", name)
        assert done.status == 2 and said in done.err and len(done.err.splitlines()) == 1
