from __future__ import annotations

from collections.abc import Iterator

import pytest

from hatch_mar.budget import Budget
from hatch_mar.weights.kinds import torchscript
from hatch_mar.weights.kinds.torchscript import find_effects
from hatch_mar.weights.loading import Loading

CLASS = """\
class Net(Module):
  __parameters__ = ["w", ]
  w : Tensor
  def forward(self: __torch__.Net, x: Tensor) -> Tensor:
    {forward}
    return x
  def helper(self: __torch__.Net) -> NoneType:
    {helper}
    return None
  def __setstate__(self: __torch__.Net, state: Tuple[Tensor, bool]) -> NoneType:
    self.w = (state)[0]
    {setstate}
    return None
"""


def find(setstate: str = "pass", helper: str = "pass", forward: str = "pass") -> tuple[Loading, ...]:
    code = CLASS.format(setstate=setstate, helper=helper, forward=forward).encode()
    return find_effects([("net/code/__torch__.py", code)], Budget())


class TestEffects:
    @pytest.mark.parametrize(
        ("call", "effect"),
        [
            ("torch.save(state, 'x')", "calls `torch.save`, which writes a file, when it is loaded"),
            ("ops.aten.save(state, 'x')", "calls `ops.aten.save`, which writes a file, when it is loaded"),
            ("x = torch.from_file('x')", "calls `torch.from_file`, which opens a file, when it is loaded"),
            (
                "ops.image.write_file('x', state)",
                "calls `ops.image.write_file`, which writes a file, when it is loaded",
            ),
        ],
    )
    def test_setstate(self, call: str, effect: str):
        assert find(call) == (Loading("torch.jit.load", effects=(effect,)),)

    def test_called(self):
        """What `__setstate__` calls runs as well."""
        assert find("self.helper()", "torch.save(self.w, 'x')")

    @pytest.mark.parametrize("helper", ["helper", "__add__"])
    def test_implicit(self, helper: str):
        """So does what it calls without a call: a property, an operator."""
        code = CLASS.replace("helper(", f"{helper}(").format(
            forward="pass", helper="torch.save(self.w, 'x')", setstate="_0 = self.helper + self"
        )

        assert find_effects([("net/code/__torch__.py", code.encode())], Budget())

    def test_encoding(self):
        """Torch knows no encodings: in this one the call would be a comment to Python."""
        code = CLASS.format(forward="pass", helper="pass", setstate="a = b +ACM- torch.save(b, 'x')")

        assert find_effects([("a.py", b"# coding: utf-7\n" + code.encode())], Budget())[0].effects

    def test_large(self, monkeypatch: pytest.MonkeyPatch):
        """What is behind the code that is parsed cannot be told."""
        monkeypatch.setattr(torchscript, "LARGEST_CODE", 100)

        assert find("torch.save(state, 'x')")[0].unknown

    def test_many_modules(self, monkeypatch: pytest.MonkeyPatch):
        """Of code that is too long to be parsed, no more is read than until an operator is named."""
        monkeypatch.setattr(torchscript, "LARGEST_CODE", 1000)
        read: list[int] = []

        def sources() -> Iterator[tuple[str, bytes]]:
            for number in range(100):
                read.append(number)
                yield f"{number}.py", b"#" * 400 + (b"save" if number == 10 else b"")

        assert find_effects(sources(), Budget())[0].unknown
        assert len(read) == 11
        assert find_effects((("a.py", b"#" * 400) for _ in range(100)), Budget()) == ()

    def test_many_effects(self):
        """Of very many effects the first are told."""
        [loading] = find("; ".join(f"torch.save{number}.save(a)" for number in range(1000)))

        assert len(loading.effects) == 21

    def test_forward(self):
        """What only a request runs is not run when the file is loaded."""
        assert find(forward="torch.save(x, 'x')") == ()

    def test_honest(self):
        assert find("self.training = (state)[1]", forward="x = torch.add(x, x)") == ()

    def test_unparsable(self):
        """Code that names an operator and cannot be parsed cannot be told."""
        [loading] = find_effects([("a.py", b"def save(")], Budget())

        assert loading.unknown == "`a.py` cannot be parsed"
