"""The mutation matrix as JSON and as a page: cases by operations, with the mutants that each check kills."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hopcheck.authoring.case import Case
from hopcheck.authoring.case_names import CasePattern, without_provider
from hopcheck.client.operations import OPERATIONS
from hopcheck.report.render.pages import page
from hopcheck.selftest.scoring import MatrixScore

SCHEMA = "hopcheck.matrix/1"


def matrix_document(total: MatrixScore, cases: Sequence[Case], summary: str) -> dict[str, Any]:
    """The score as JSON: for each case and operation, the mutants killed, inert and survived, and what else failed."""
    by_id = {case.id: case for case in cases}
    return {
        "schema": SCHEMA,
        "summary": summary,
        "holds": total.holds,
        "cells": total.cells,
        "operations": list(OPERATIONS),
        "cases": [_case_entry(case, total) for case in by_id.values()],
        "unexpected": [list(one) for one in total.unexpected],
        "false_positives": [list(one) for one in total.false_positives],
    }


def _case_entry(case: Case, total: MatrixScore) -> dict[str, Any]:
    return {
        "id": case.id,
        "level": str(case.level),
        "requirement": case.requirement,
        "operations": {name: _operation_entry(case.id, name, total) for name in case.operations},
    }


def _operation_entry(case_id: str, operation: str, total: MatrixScore) -> dict[str, Any]:
    def mine(key: str) -> bool:
        found = CasePattern.parse(without_provider(key)[0])
        return (found.case, found.operation) == (case_id, operation)

    return {
        "killed": [[check, mutant] for key, check, mutant in total.killed if mine(key)],
        "inert": [[check, mutant] for key, check, mutant in total.inert if mine(key)],
        "survived": [[check, mutant] for key, check, mutant, _ in total.survived if mine(key)],
        "unkilled": [check for key, check in total.unkilled if mine(key)],
    }


def matrix_page(document: dict[str, Any]) -> str:
    """The same as a page."""
    return page("matrix.html.j2", {}, matrix=document)
