"""A hash tells what functions would do now: what objects hold, what names stand for, which of two lambdas it is."""

import dataclasses
import importlib
import sys
import textwrap

import jax
import numpy as np
import pytest
import tiny

from bestiary.train.jobs import Job, Setup
from bestiary.train.source.parsed import Unfollowed
from bestiary.train.source.walk import source_of


@pytest.fixture
def module(tmp_path, monkeypatch):
    """(text, other=...) -> the module `owned` of that text, beside a module `other`."""
    monkeypatch.setattr(sys, "dont_write_bytecode", True)

    def make(text, other=""):
        folder = tmp_path / f"{len(list(tmp_path.iterdir()))}"
        folder.mkdir()
        (folder / "owned.py").write_text(textwrap.dedent(text))
        (folder / "other.py").write_text(textwrap.dedent(other))
        monkeypatch.syspath_prepend(folder)
        for name in ("owned", "other"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        importlib.invalidate_caches()
        return importlib.import_module("owned")

    return make


def code(loss):
    return source_of({"loss": loss}).code


NOW = {  # the text of a module, and a line that makes its loss another one
    "a constant": ("S = 2\ndef loss(x): return x * S", "S = 3"),
    "a list in place": ("S = [2]\ndef loss(x): return x * S[0]", "S[0] = 3"),
    "an array in place": ("import numpy as np\nS = np.ones(2)\ndef loss(x): return x * S", "S[0] = 3"),
    "a masked array": (
        "import numpy as np\nS = np.ma.array([1, 2], mask=[0, 1])\ndef loss(x): return S.sum()",
        "S.mask[1] = False",
    ),
    "an array of objects": (
        "import numpy as np\nS = np.array([[1], 2], object)\ndef loss(x): return x * S[0][0]",
        "S[0][0] = 3",
    ),
    "a key of JAX": (
        "import jax\nS = jax.random.key(0)\ndef loss(x): return jax.random.normal(S)",
        "S = jax.random.key(1)",
    ),
    "an index": (
        "import pandas as pd\nS = pd.Series([1, 2], ['a', 'b'])\ndef loss(x): return S['a']",
        "S.index = ['b', 'a']",
    ),
    "a default factory": (
        "from collections import defaultdict\nS = defaultdict(int)\ndef loss(x): return S[0]",
        "S.default_factory = float",
    ),
    "an attribute of a class": ("class C:\n  w = 2\ndef loss(x): return x * C.w", "C.w = 3"),
    "of its base": ("class A:\n  w = 2\nclass C(A): pass\ndef loss(x): return x * C.w", "A.w = 3"),
    "a method": ("class C:\n  def f(self): return 2\ndef loss(x): return C().f()", "C.f = lambda self: 3"),
    "of its metaclass": (
        "class M(type):\n  def __len__(c): return 2\nclass C(metaclass=M): pass\ndef loss(x): return len(C)",
        "M.__len__ = C.__init__",
    ),
    "an attribute of a function": ("def loss(x): return x * loss.w\nloss.w = 2", "loss.w = 3"),
    "of an object": ("class C: pass\nc = C()\nc.w = 2\ndef loss(x): return x * c.w", "c.w = 3"),
    "of a bound method's object": (
        "class C:\n  w = 2\n  def f(self, x): return x * self.w\nc = C()\nloss = c.f",
        "c.w = 3",
    ),
    "a slot": (
        "class C:\n  __slots__ = ('w',)\nclass D(C): pass\nc = D()\nc.w = 2\ndef loss(x): return c.w",
        "c.w = 3",
    ),
    "of a dict of one's own": ("class D(dict): pass\nd = D()\nd.w = 2\ndef loss(x): return x * d.w", "d.w = 3"),
    "of a number of one's own": ("class F(float): pass\nf = F(1)\nf.w = 2\ndef loss(x): return x * f.w", "f.w = 3"),
    "of a decorator that is a class": (
        """
        import functools
        class Scaled:
            def __init__(self, f, s):
                self.f, self.s = f, s
                functools.update_wrapper(self, f)
            def __call__(self, x):
                return self.s * self.f(x)
        def plain(x): return x
        loss = Scaled(plain, 2)
        """,
        "loss.s = 3",
    ),
    "a derivative of one's own": (
        """
        import jax
        @jax.custom_vjp
        def loss(x): return x
        def there(x): return x, None
        def back(_, g): return (g,)
        def other(_, g): return (-g,)
        loss.defvjp(there, back)
        """,
        "loss.defvjp(there, other)",
    ),
    "the lambda beside it": ("a, b = (lambda x: x - 1), (lambda x: x - 2)\nloss = a", "loss = b"),
    "the lambda within it": ("loss = lambda x: (lambda y: x)", "loss = loss(1)"),
    "another of a loop": ("some = [(lambda x, n=n: x * n) for n in (1, 2)]\nloss = some[0]", "loss = some[1]"),
    "another branch": (
        """
        def make(up):
            if up:
                class C:
                    def __call__(self, x): return x
            else:
                class C:
                    def __call__(self, x): return -x
            return C()
        loss = make(0)
        """,
        "loss = make(1)",
    ),
    "what a local class has closed over": (
        "def make(w):\n  class C:\n    def __call__(self, x): return x * w\n  return C()\nloss = make(2)",
        "loss = make(3)",
    ),
    "a list of what a built-in method is of": ("S = [2]\nget = S.__getitem__\ndef loss(x): return get(0)", "S[0] = 3"),
    "a module as a whole": ("import other\ndef loss(x): return getattr(other, 'S')", "other.S = 3"),
}


@pytest.mark.parametrize(("text", "change"), NOW.values(), ids=NOW.keys())
def test_what_is_changed_while_python_runs_is_seen(module, text, change):
    made = module(text, "S = 2")
    before = code(made.loss)
    assert code(made.loss) == before
    exec(compile(change, made.__file__.replace("owned", "typed"), "exec"), vars(made))
    try:
        assert code(made.loss) != before
    except Unfollowed:  # a lambda that was only typed
        assert "lambda" in change


WITHIN = {  # an import within a function
    "from a module": "def loss(x):\n  from other import half\n  return half(x)",
    "a module by another name": "def loss(x):\n  import other as o\n  return o.half(x)",
    "a module": "def loss(x):\n  import other\n  return other.half(x)",
    "everything": "from other import *\ndef loss(x): return half(x)",
}


@pytest.mark.parametrize("text", WITHIN.values(), ids=WITHIN.keys())
def test_an_import_within_a_function_is_followed(module, text):
    half = "def half(x): return x / 2\n"
    assert code(module(text, half).loss) == code(module(text, half + "def unused(): pass").loss)
    assert code(module(text, half).loss) != code(module(text, half.replace("2", "3")).loss)


def test_a_large_package_that_a_function_imports_is_named_and_not_imported(module, monkeypatch):
    made = module("def loss(x):\n  from sklearn import svm\n  return svm")
    monkeypatch.setattr(importlib, "import_module", lambda name: pytest.fail(f"imports {name}"))
    assert "sklearn" in source_of({"loss": made.loss}).packages


HIDING = {
    "globals": "S = 2\ndef loss(x): return x * globals()['S']",
    "eval": "def loss(x): return eval('x * 2')",
    "import_module": "from importlib import import_module as load\ndef loss(x): return load('other').S",
    "sys.modules": "import sys\ndef loss(x): return sys.modules['other'].S",
    "the environment": "import os\ndef loss(x): return float(os.environ['S'])",
    "a file": "def loss(x):\n  with open('weights') as f: return float(f.read())",
    "the text of a file": "from pathlib import Path\ndef loss(x): return x * float(Path('weights').read_text())",
    "a table": "import pandas as pd\ndef loss(x): return pd.read_csv('weights').sum()",
    "an array in a file": "import numpy as np\ndef loss(x): return np.load('weights.npy')",
}


@pytest.mark.parametrize("text", HIDING.values(), ids=HIDING.keys())
def test_what_stands_in_no_source_is_refused(module, text):
    with pytest.raises(Unfollowed, match=r"owned\.loss: reads "):
        code(module(text, "S = 2").loss)


@pytest.mark.parametrize(
    ("before", "after"), [("'relu'", "'tanh'"), ("return y + x", "return y - x"), ("def loss(x, y)", "def loss(y, x)")]
)
def test_an_edit_of_any_kind_since_the_import_is_noticed(module, before, after):
    text = "def loss(x, y):\n  '''Prose.'''\n  def inner(y): return y + x\n  return inner(y) if x == 'relu' else 0\n"
    made = module(text)
    code(made.loss)
    with open(made.__file__, "w") as file:
        file.write(text.replace("Prose", "Other prose"))
    code(made.loss)  # a docstring is no edit
    with open(made.__file__, "w") as file:
        file.write(text.replace(before, after))
    with pytest.raises(Unfollowed, match="its source was changed"):
        code(made.loss)


def test_a_module_of_flax_that_is_made_again_or_applied_is_the_same(module):
    text = """
        import flax.linen as nn
        class Net(nn.Module):
            width: int = 3
            @nn.compact
            def __call__(self, x):
                return nn.Dense(self.width)(x)
        net, again, wider = Net(), Net(), Net(width=4)
    """
    made = module(text)
    before = code(made.net)
    params = made.net.init(jax.random.key(0), np.ones(2))
    made.net.apply(params, np.ones(2))
    assert code(made.net) == before == code(made.again) != code(made.wider)


def test_a_setup_is_hashed_again_and_traced_again_when_a_constant_changed(module, tmp_path):
    """JAX traces a jitted helper once: a run with the old constant must not be kept as one with the new."""
    from bestiary.train.campaign import execute
    from bestiary.train.store import Store

    made = module("""
        import jax
        import tiny
        SCALE = 1.0
        @jax.jit
        def scaled(x): return x * SCALE
        def loss(params, batch, knobs, static): return scaled(tiny.bowl_loss(params, batch, knobs, static))
    """)
    p = dataclasses.replace(tiny.BOWL, loss=made.loss)
    setup, store = Setup.of("bowl", p), Store(tmp_path / "runs")

    def ran(setup):
        job = Job(setup.name, setup.phenomenon, p.static, (p.knobs,), (2,), 0, setup.code)
        ((_, ds),) = execute([job], store)
        return ds["w"].values

    first = ran(setup)
    assert setup.renewed() is setup
    made.SCALE = 2.0
    second = ran(setup.renewed())
    assert not np.array_equal(first, second)
    made.SCALE = 3.0
    other = Setup.of("bowl", dataclasses.replace(p, observe=lambda *a: tiny.bowl_observe(*a) | {"two": 2.0}))
    third = ran(other)  # another setup with the same helper
    assert not np.array_equal(third, second) and not np.array_equal(third, first)
    made.SCALE = 1.0
    np.testing.assert_array_equal(ran(setup.renewed()), first)


def test_a_cached_function_and_a_decorated_one_are_followed(module):
    text = """
        import functools
        def scaled(s):
            def around(f):
                @functools.wraps(f)
                def g(x): return s * f(x)
                return g
            return around
        @functools.lru_cache
        @scaled(2)
        def loss(x): return x
    """
    assert code(module(text).loss) != code(module(text.replace("s * f", "s + f")).loss)
    assert code(module(text).loss) != code(module(text.replace("scaled(2)", "scaled(3)")).loss)
