"""A run as Markdown."""

from __future__ import annotations

from typing import Any

from hopcheck.report.render.markdown import code, fence, markdown_text, text


def test_markdown_has_headline_table_and_red_cases(sample: Any) -> None:
    out = markdown_text(sample.document())
    assert out.startswith("## ❌ relay: hopcheck itself failed in 1 of 6 cases, 3 red in all\n")
    assert "| stream | 1 | · | · | 1 | · | · | · | · |" in out
    assert out.count("<details open>") == out.count("</summary>") - 2 == 3
    assert "**one [DONE]**: expected <code>1</code>, got <code>2</code>" in out
    assert "```sh\ncurl -N" in out
    assert "```text\nTraceback (most recent call last):\n" in out
    assert "declare <code>fallback</code> to hold it to 1 more" in out
    assert markdown_text(sample.document(sample.green)).startswith("## ✅ relay holds: 2 requirements kept\n")


def test_markdown_tells_of_the_baseline_and_of_partial_runs(sample: Any) -> None:
    out = markdown_text(sample.document(baseline=sample.known, interrupted=True))
    assert "**Known deviations: 1**\n\n- <code>stream.done-once[chat]</code> known upstream (&#35;1)" in out
    assert "stale entry in the baseline" in out
    assert "**Partial**" in out


def test_markdown_keeps_its_shape_whatever_a_target_sends() -> None:
    assert code("a|b`c<script>\n") == "<code>a&#124;b&#96;c&lt;script&gt;↵</code>"
    assert text("a `b*` *c* [x](y) snake_case _d_ #1 @you") == (
        "a <code>b&#42;</code> &#42;c&#42; [x]&#40;y) snake_case &#95;d&#95; &#35;1 &#64;you"
    )
    assert fence("a ```` b", "sh") == "`````sh\na ```` b\n`````"
