"""A class name means one thing: no package defines it twice."""

import ast
from collections import defaultdict
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("package", ["api", "cli", "common", "worker"])
def test_no_class_name_is_defined_twice_in_a_package(package: str) -> None:
    files = defaultdict(list)
    for path in sorted((ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                files[node.name].append(path.relative_to(ROOT).as_posix())
    assert {name: places for name, places in files.items() if len(places) > 1} == {}
