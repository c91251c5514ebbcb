"""What may be shown of an answer while it is written. Pure."""

from __future__ import annotations

from rag import prompt


class Gate:
    """Holds back the answer's first words until it is clear that they are no refusal."""

    _ENOUGH = 60
    """Characters by which a refusal has shown itself."""

    def __init__(self) -> None:
        self.text = ""
        self._shown = 0

    def let(self, piece: str, *, ended: bool) -> str:
        """Takes the next piece; returns what may be shown now."""
        self.text += piece
        if not ended and not self._shown and self._may_decline():
            return ""
        if prompt.declines(self.text):
            return ""
        shown = self.text[self._shown :]
        self._shown = len(self.text)
        return shown

    def _may_decline(self) -> bool:
        start = self.text.lstrip()[: self._ENOUGH].lower()
        return len(self.text) < self._ENOUGH and start.startswith(
            ("the pass", "the art", "the text", "the inf", "the ans", "it ", "not", "no")
        )
