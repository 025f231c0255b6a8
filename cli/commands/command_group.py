"""Groups of commands that list when nothing else is said."""

from typing import Any

from typer.core import TyperGroup


class ListByDefaultGroup(TyperGroup):
    """`oratio jobs --status failed` is `oratio jobs list --status failed`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # A shell that wants to know what may come next wants to hear of the others, too.
        lists = args[0].startswith("-") and args[0] != "--help" if args else not ctx.resilient_parsing
        return super().parse_args(ctx, ["list", *args] if lists else args)
