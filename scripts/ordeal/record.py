# SPDX-License-Identifier: BSD-2-Clause
"""What the runner uses of dataclasses, without their price: importing the library and making its
classes took a third of the runner's start.

Type checkers see the library itself. dataclass() makes __init__, __eq__ and __repr__, and for a
frozen class __hash__ and a __setattr__ that refuses; field() and replace() are the library's, as
far as they are used here.
"""
from typing import TYPE_CHECKING, Any, Callable, Dict, List, Optional

if TYPE_CHECKING:
    from dataclasses import dataclass, field, replace
else:
    class _Field:
        """A default that is made anew for each instance."""

        def __init__(self, factory: Callable[[], Any]) -> None:
            self.factory = factory

    def field(*, default_factory: Callable[[], Any]) -> Any:
        """A default that default_factory() makes."""
        return _Field(default_factory)

    def dataclass(cls: Optional[type] = None, *, frozen: bool = False) -> Any:
        """The class, with the methods that follow from its annotations."""
        return _made(cls, frozen) if cls else lambda later: _made(later, frozen)

    def replace(instance: Any, **changes: Any) -> Any:
        """A copy with other values for some fields."""
        values = {name: getattr(instance, name) for name in instance.__dataclass_fields__}
        return type(instance)(**{**values, **changes})

    def _made(cls: type, frozen: bool) -> type:
        inherited = getattr(cls, "__dataclass_fields__", {})
        fields: Dict[str, Any] = {**inherited, **cls.__dict__.get("__annotations__", {})}
        names, head, body, given = list(fields), ["self"], [], {}
        for name in names:
            default = getattr(cls, name, given)  # given itself stands for: no default
            if isinstance(default, _Field):
                given["_make_" + name] = default.factory
                head.append("%s=_none" % name)
                value = "_make_%s() if %s is _none else %s" % (name, name, name)
            else:
                given["_default_" + name] = default
                head.append(name if default is given else "%s=_default_%s" % (name, name))
                value = name
            body.append("_set(self, %r, %s)" % (name, value) if frozen
                        else "self.%s = %s" % (name, value))
        given.update(_none=given, _set=object.__setattr__)
        methods: Dict[str, Any] = {}
        exec("def __init__(%s):\n %s" % (", ".join(head), "\n ".join(body or ["pass"])),
             given, methods)
        cls.__init__ = methods["__init__"]
        cls.__dataclass_fields__, cls.__match_args__ = fields, tuple(names)

        def values(self: Any) -> List[Any]:
            return [getattr(self, name) for name in names]

        def same(self: Any, other: Any) -> Any:
            return values(self) == values(other) if type(other) is type(self) else NotImplemented

        def shown(self: Any) -> str:
            return "%s(%s)" % (type(self).__qualname__, ", ".join(
                "%s=%r" % pair for pair in zip(names, values(self))))

        def refuse(self: Any, name: str, _value: Any = None) -> None:
            raise AttributeError("cannot change %s of a frozen %s" % (name, type(self).__name__))
        cls.__eq__, cls.__repr__, cls.__hash__ = same, shown, None
        if frozen:
            cls.__hash__ = lambda self: hash(tuple(values(self)))
            cls.__setattr__ = cls.__delattr__ = refuse
        return cls
