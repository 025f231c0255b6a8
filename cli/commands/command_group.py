"""A group of commands whose default command is `list`."""

from typing import Any

from typer.core import TyperGroup


class ListByDefaultGroup(TyperGroup):
    """Run `list` if no command is named: `oratio jobs -n 5` is `oratio jobs list -n 5`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        # Shell completion must see all commands of the group, so an empty line does not become `list`.
        lists = args[0].startswith("-") and args[0] != "--help" if args else not ctx.resilient_parsing
        return super().parse_args(ctx, ["list", *args] if lists else args)
