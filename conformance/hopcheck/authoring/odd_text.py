"""A text in which careless programs change something."""

ODD_PIECES = (
    "  Well", ",", " well", " well", "\n\n", "\t", '{"a": "\\n"}', "\r\n", " ", "data: [DONE]", "\n\n", "\u4f60\u597d",
    "\u2028", "\u0085", "a\x0bb\x0cc\x1cd\x1ee", "a\u0308", "\U0001f469\u200d\U0001f680", "\U0001f1e9\U0001f1f0",
    "\u202eRTL\u202c", "zero\u200bwidth", "\ufeff", "\ufb01 \u212b", "\u0001\x7f", "</s>", "<b>&amp;</b>",
    "\\/", " end  ",
)  # fmt: skip
"""Pieces as a stream carries them: repeats, white space alone, characters that are joined or take no room, letters that
can be composed, and what looks like framing, escapes or markup."""

ODD_TEXT = "".join(ODD_PIECES)
"""The same in one."""
