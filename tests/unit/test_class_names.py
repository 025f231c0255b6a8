"""A name stands for one thing: no package defines a class twice."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def defined_classes(module: Path) -> list[str]:
    tree = ast.parse(module.read_text())
    return [node.name for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]


@pytest.mark.parametrize("package", ["api", "worker", "common", "cli"])
def test_no_class_name_is_defined_twice_in_a_package(package: str) -> None:
    places = defaultdict(list)
    for module in sorted((ROOT / package).rglob("*.py")):
        for name in defined_classes(module):
            places[name].append(str(module.relative_to(ROOT)))
    assert places
    assert {name: files for name, files in places.items() if len(files) > 1} == {}
