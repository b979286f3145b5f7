# SPDX-License-Identifier: BSD-2-Clause
"""A GRUB ISO with one image, for a machine that loads no ELF file.

The ISO is kept in the cache under a name made from the image and its arguments; a boot uses a copy
with the boot's nonce written into it.
"""
import os
import subprocess
from typing import List

from ..host import Host, prune, which
from ..model import UserError
from ..text import clean

TOOLS = (("grub-mkrescue", "grub-common"), ("xorriso", "xorriso"), ("mformat", "mtools"))
GRUB_PC = "/usr/lib/grub/i386-pc"
#: How many ISOs the cache keeps.
ISO_LIMIT = 200
#: The place of the nonce in a cached ISO; in the copy that boots, the real nonce replaces it.
_BLANK = "nonce=" + 8 * "_"


def need_tools(image: str) -> None:
    """Raise UserError if a tool for making an ISO is missing."""
    missing = [package for tool, package in TOOLS if not which(tool)]
    if not os.path.isdir(GRUB_PC):
        missing.append("grub-pc-bin")
    if missing:
        raise UserError("%s has no PVH entry, so it boots through GRUB: apt-get install %s"
                        % (image, " ".join(missing)))


def grub_config(name: str, args: List[str]) -> str:
    """The grub.cfg that boots the image at once. Words are quoted, because GRUB reads them as a
    shell does."""
    words = " ".join("'%s'" % word.replace("'", "'\\''") for word in args)
    return ("set timeout=0\nset default=0\nmenuentry ordeal {\n"
            "\tmultiboot /boot/image %s %s\n\tboot\n}\n" % (name, words))


def make_iso(host: Host, image: str, args: List[str]) -> str:
    """The path of an ISO with this image and these arguments, made if it is not in the cache."""
    import hashlib  # loading these two takes long, so only a runner that makes an ISO does it
    import tempfile
    need_tools(image)
    with open(image, "rb") as stream:
        content = stream.read()
    config = grub_config(os.path.basename(image).rsplit(".", 1)[0], args).encode()
    key = hashlib.sha256(content + b"\0" + config).hexdigest()[:32]
    directory = os.path.join(host.cache, "iso")
    path = os.path.join(directory, key + ".iso")
    if os.path.exists(path):
        os.utime(path)
        return path
    os.makedirs(directory, exist_ok=True)
    prune(directory, ISO_LIMIT)
    with tempfile.TemporaryDirectory(dir=host.cache) as tree:
        os.makedirs(os.path.join(tree, "boot", "grub"))
        with open(os.path.join(tree, "boot", "image"), "wb") as out:
            out.write(content)
        with open(os.path.join(tree, "boot", "grub", "grub.cfg"), "wb") as out:
            out.write(config)
        part = "%s.%d" % (path, os.getpid())
        done = subprocess.run(
            ["grub-mkrescue", "--locales=", "--fonts=", "--themes=",
             "--install-modules=multiboot iso9660 normal", "-d", GRUB_PC,
             # Relative names, because xorriso reads a path with = as two paths.
             "-o", os.path.relpath(part, host.cache), os.path.basename(tree)], cwd=host.cache,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            check=False, start_new_session=True)
        if done.returncode or not os.path.exists(part):
            raise UserError("grub-mkrescue failed (%d): %s" % (
                done.returncode, clean(done.stdout.strip().splitlines()[-1:][0]
                                       if done.stdout.strip() else b"no output", 300)))
        os.replace(part, path)
    return path


def boot_iso(host: Host, image: str, args: List[str], path: str) -> None:
    """Write the ISO for one boot to path: the cached one with this boot's nonce in it."""
    nonce = next((word for word in args if word.startswith("nonce=")), "")
    if len(nonce) != len(_BLANK):
        os.symlink(make_iso(host, image, args), path)
        return
    cached = make_iso(host, image, [_BLANK if word == nonce else word for word in args])
    with open(cached, "rb") as stream:
        data = stream.read()
    if data.count(_BLANK.encode()) != 1:
        raise UserError("%s: the image itself contains %s; change that text in the image"
                        % (image, _BLANK))
    with open(path, "wb") as out:
        out.write(data.replace(_BLANK.encode(), nonce.encode()))
