"""Who imports whom, read from the sources without running them."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Import:
    """One import: its line, what it asks for, and whether importing the module already runs it."""

    line: int
    name: str
    at_module_level: bool


Graph = dict[str, list[Import]]
"""Module name -> its imports, those inside functions and under TYPE_CHECKING included."""


def build_graph(root: Path, sources: Iterable[Path]) -> Graph:
    """The imports of `sources`, with names of modules for what is a module among them.

    `from kpod import tasks` is an import of kpod.tasks where that is a module, else of kpod.
    """
    paths = {module_name(root, path): path for path in sources}
    return {name: list(_imports(name, path, set(paths))) for name, path in sorted(paths.items())}


def module_name(root: Path, path: Path) -> str:
    parts = path.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(module: str, path: Path, modules: set[str]) -> Iterator[Import]:
    tree = ast.parse(path.read_text(encoding="utf-8"), str(path))
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node, at_module_level in _statements(tree, True):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield Import(node.lineno, alias.name, at_module_level)
        elif isinstance(node, ast.ImportFrom):
            origin = _absolute(node, package)
            for alias in node.names:
                deeper = f"{origin}.{alias.name}"
                yield Import(node.lineno, deeper if deeper in modules else origin, at_module_level)


def _statements(node: ast.AST, at_module_level: bool) -> Iterator[tuple[ast.AST, bool]]:
    for child in ast.iter_child_nodes(node):
        yield child, at_module_level
        deferred = isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda))
        deferred = deferred or (isinstance(child, ast.If) and "TYPE_CHECKING" in ast.dump(child.test))
        yield from _statements(child, at_module_level and not deferred)


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if node.level == 0:
        assert node.module is not None
        return node.module
    base = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*base, node.module] if node.module else base)


def find_circle(graph: Graph) -> list[str] | None:
    """A chain of modules that ends where it begins, or None. Imports inside functions count."""
    done: set[str] = set()

    def walk(module: str, chain: list[str]) -> list[str] | None:
        if module in chain:
            return [*chain[chain.index(module) :], module]
        if module in done:
            return None
        for found in graph[module]:
            if found.name in graph and found.name != module:
                circle = walk(found.name, [*chain, module])
                if circle is not None:
                    return circle
        done.add(module)
        return None

    return next((circle for module in graph if (circle := walk(module, [])) is not None), None)


def find_chain(graph: Graph, start: str, forbidden: Iterable[str]) -> list[str] | None:
    """A chain of imports by which importing `start` loads a forbidden package, or None.

    Packages run their `__init__` before any module in them, so those are followed too.
    """
    forbidden = set(forbidden)
    came_from: dict[str, str | None] = {start: None}
    queue = [start]
    while queue:
        module = queue.pop()
        names = [found.name for found in graph[module] if found.at_module_level]
        names += [name.rpartition(".")[0] for name in [module, *names] if "." in name]
        for name in names:
            if name.partition(".")[0] in forbidden:
                return [*_trace(came_from, module), name]
            if name in graph and name not in came_from:
                came_from[name] = module
                queue.append(name)
    return None


def _trace(came_from: dict[str, str | None], module: str) -> list[str]:
    chain: list[str] = []
    at: str | None = module
    while at is not None:
        chain.insert(0, at)
        at = came_from[at]
    return chain
