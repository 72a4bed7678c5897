"""Known deviations: the baseline file, a run judged by it, and its update."""

from hopcheck.report.baseline.entries import FILE_NAME, NO_REASON, Baseline, Deviation, baseline_text, load_baseline
from hopcheck.report.baseline.judgement import UNTESTABLE, Judgement, failing_checks, judge
from hopcheck.report.baseline.update import updated

__all__ = [
    "FILE_NAME",
    "NO_REASON",
    "UNTESTABLE",
    "Baseline",
    "Deviation",
    "Judgement",
    "baseline_text",
    "failing_checks",
    "judge",
    "load_baseline",
    "updated",
]
