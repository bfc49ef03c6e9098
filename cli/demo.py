"""The demo."""

from pathlib import Path


async def tell(folder: Path) -> int:
    return 0
