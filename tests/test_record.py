# SPDX-License-Identifier: BSD-2-Clause
"""The runner's own dataclass() does what the library's does, as far as the runner uses it."""
import dataclasses

import pytest

from ordeal import record

LIBRARY = (dataclasses.dataclass, dataclasses.field, dataclasses.replace)
OURS = (record.dataclass, record.field, record.replace)


@pytest.fixture(params=[LIBRARY, OURS], ids=["library", "ours"], name="kit")
def _kit(request):
    return request.param


def made(kit):
    """A class that changes, one that does not, and one that inherits."""
    dataclass, field, _ = kit

    @dataclass
    class Open:
        """May change."""
        a: int
        b: str = "b"
        c: list = field(default_factory=list)
        CLASS = 7

    @dataclass(frozen=True)
    class Shut:
        """May not."""
        a: int
        b: tuple = ()

    @dataclass
    class Heir(Open):
        """Has one field more."""
        d: int = 4
    return Open, Shut, Heir


def test_fields_and_defaults(kit):
    for cls in made(kit)[::2]:
        one, other = cls(1), cls(a=1, b="b")
        assert (one.a, one.b, one.c, cls.CLASS) == (1, "b", [], 7) and one == other
        one.c.append(2)
        assert other.c == [] and one != other and cls(1, c=[2]) == one
        one.a = 5
        assert one.a == 5 and cls(1, "x", [3]).c == [3]
    assert made(kit)[2](1).d == 4


def test_wrong_arguments(kit):
    for cls in made(kit):
        for words, named in (((), {}), ((1,), {"nonsense": 2}), ((1,) * 9, {}), ((1,), {"a": 1})):
            with pytest.raises(TypeError):
                cls(*words, **named)


def test_frozen_and_hashed(kit):
    open_, shut, _ = made(kit)
    one = shut(1, (2,))
    with pytest.raises(AttributeError):
        one.a = 3
    with pytest.raises(AttributeError):
        del one.a
    assert one.a == 1 and hash(one) == hash(shut(1, (2,))) and one in {shut(1, (2,))}
    with pytest.raises(TypeError):
        hash(open_(1))


def test_equal_only_within_a_class(kit):
    open_, shut, heir = made(kit)
    assert open_(1) != heir(1) and open_(1) != shut(1) and shut(1) != 1


def test_replaced_and_shown(kit):
    open_, shut, heir = made(kit)
    replace = kit[2]
    assert replace(shut(1), a=2) == shut(2)
    changed = replace(heir(1, d=9), b="x")
    assert type(changed) is heir and (changed.a, changed.b, changed.d) == (1, "x", 9)
    with pytest.raises(TypeError):
        replace(shut(1), nonsense=1)
    assert repr(shut(1)).endswith("Shut(a=1, b=())")
    assert list(open_.__dataclass_fields__) == ["a", "b", "c"]
