"""Lineage as a picture: nodes in columns from left to right, edges between them; on phones the same as a list."""

from collections.abc import Sequence
from dataclasses import dataclass

from apps.core.text import display
from apps.core.ui.status import mark_of

NODE_WIDTH, NODE_HEIGHT, GAP_X, GAP_Y, PAD = 196, 46, 56, 22, 2
LABEL_CHARS, SUB_CHARS = 20, 25
#: The picture fills its card; a narrower one would be blown up.
LEAST_COLUMNS = 4


@dataclass(frozen=True)
class Node:
    """A thing in the lineage. `status` is its worst result or empty; `current` marks the asset the page is about."""

    key: str
    label: str
    sub: str = ""
    status: str = ""
    url: str = ""
    current: bool = False


@dataclass(frozen=True)
class Edge:
    """`start` feeds `end`; `sure` is False where a source only claims it."""

    start: str
    end: str
    sure: bool = True


def lineage_view(nodes: Sequence[Node], edges: Sequence[Edge], headings: Sequence[str] = ()) -> dict[str, object]:
    """Places, paths and the spoken sentence. Edges to unknown nodes are left out; a cycle is cut where it closes."""
    known = {node.key: node for node in nodes}
    drawn = [edge for edge in edges if edge.start in known and edge.end in known and edge.start != edge.end]
    column = _columns(list(known), drawn)
    stacks: dict[int, list[Node]] = {}
    for node in known.values():
        stacks.setdefault(column[node.key], []).append(node)
    tallest = max((len(stack) for stack in stacks.values()), default=0)
    height = max(tallest * (NODE_HEIGHT + GAP_Y) - GAP_Y, NODE_HEIGHT) + 2 * PAD
    placed = {}
    for x_index, stack in stacks.items():
        top = (height - len(stack) * (NODE_HEIGHT + GAP_Y) + GAP_Y) / 2
        for y_index, node in enumerate(stack):
            placed[node.key] = (PAD + x_index * (NODE_WIDTH + GAP_X), top + y_index * (NODE_HEIGHT + GAP_Y))
    columns = max(max(column.values(), default=0) + 1, LEAST_COLUMNS)
    return {
        "width": columns * (NODE_WIDTH + GAP_X) - GAP_X + 2 * PAD,
        "height": round(height),
        "nodes": [_node(known[key], place) for key, place in placed.items()],
        "edges": [{"path": _path(placed[edge.start], placed[edge.end]), "sure": edge.sure} for edge in drawn],
        "columns": _listed(stacks, headings),
        "label": _sentence(known, drawn),
        "linked": any(node.url for node in known.values()),
    }


def _columns(keys: list[str], edges: list[Edge]) -> dict[str, int]:
    """Longest-path layers; bounded passes, so that a cycle ends instead of pushing nodes right for ever."""
    column = dict.fromkeys(keys, 0)
    for _ in keys:
        moved = False
        for edge in edges:
            wanted = column[edge.start] + 1
            if column[edge.end] < wanted < len(keys):
                column[edge.end], moved = wanted, True
        if not moved:
            break
    used = sorted(set(column.values()))
    return {key: used.index(value) for key, value in column.items()}


def _short(text: str, limit: int) -> str:
    shown = " ".join(display(text).split())
    return shown if len(shown) <= limit else f"{shown[: limit - 1]}…"


def _node(node: Node, place: tuple[float, float]) -> dict[str, object]:
    x, y = place
    mark = mark_of(node.status) if node.status else None
    return {
        "node": node,
        "mark": mark,
        "x": f"{x:g}",
        "y": f"{y:g}",
        "width": NODE_WIDTH,
        "height": NODE_HEIGHT,
        "text_x": f"{x + 11:g}",
        "label_y": f"{y + 20:g}",
        "sub_y": f"{y + 36:g}",
        "mark_x": f"{x + NODE_WIDTH - 23:g}",
        "mark_y": f"{y + 15.5:g}",
        "label": _short(node.label, LABEL_CHARS),
        "sub": _short(node.sub, SUB_CHARS),
    }


def _path(start: tuple[float, float], end: tuple[float, float]) -> str:
    x1, y1, x2, y2 = start[0] + NODE_WIDTH, start[1] + NODE_HEIGHT / 2, end[0], end[1] + NODE_HEIGHT / 2
    middle = (x1 + x2) / 2
    return f"M{x1:g} {y1:g}C{middle:g} {y1:g} {middle:g} {y2:g} {x2:g} {y2:g}"


def _listed(stacks: dict[int, list[Node]], headings: Sequence[str]) -> list[dict[str, object]]:
    listed: list[dict[str, object]] = []
    for index in sorted(stacks):
        entries = [{"node": node, "mark": mark_of(node.status) if node.status else None} for node in stacks[index]]
        heading = headings[index] if index < len(headings) else f"Step {index + 1}"
        listed.append({"heading": heading, "entries": entries})
    return listed


def _sentence(known: dict[str, Node], edges: list[Edge]) -> str:
    feeds = [f"{known[edge.start].label} feeds {known[edge.end].label}" for edge in edges]
    marks = [f"{node.label} is {mark_of(node.status).word.lower()}" for node in known.values() if node.status]
    return display(f"Lineage. {'; '.join(feeds) or 'No connections'}. {'; '.join(marks)}.".replace(". .", "."))
