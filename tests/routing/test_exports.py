"""The public names of ``computeroute.routing``, which load when they are used."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from computeroute import routing


def test_all_is_a_literal_sorted_list_of_what_exists() -> None:
    tree = ast.parse(Path(str(routing.__file__)).read_text(encoding="utf-8"))
    literal = next(
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"
    )
    assert literal == routing.__all__
    assert (
        sorted(routing.__all__, key=lambda name: (not name.isupper(), name[0].islower(), name))
        == routing.__all__
    )


@pytest.mark.parametrize("name", routing.__all__)
def test_every_name_comes_from_its_home(name: str) -> None:
    home = import_module(f"computeroute.routing.{routing._HOME[name]}")
    assert getattr(routing, name) is getattr(home, name)
    assert name in dir(routing)


def test_no_module_hides_a_name() -> None:
    """Importing a submodule sets it on the package, where it would replace a name that is called alike."""
    assert not set(routing.__all__) & set(routing._HOMES)


def test_nothing_else_is_promised() -> None:
    assert set(routing._HOME) == set(routing.__all__)
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = routing.nothing


def test_importing_the_package_loads_none_of_it() -> None:
    program = (
        "import sys, computeroute.routing as routing\n"
        "assert not {'pydantic', 'numpy', 'networkx'} & set(sys.modules), 'heavy'\n"
        "from computeroute.routing import InputError\n"
        "assert 'pydantic' not in sys.modules, 'errors need no models'\n"
        "from computeroute.routing import Problem, check\n"
        "assert callable(check) and 'pydantic' in sys.modules"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
