"""The JSON report: the only place that writes all of a result, for programs to read.

Its form is versioned; ``schemas/report-1.json`` says it in full.
"""

import json
from importlib import resources
from typing import Any

from kmspec_check.cells import Decided, Status
from kmspec_check.result import Counted, Result
from kmspec_check.script_boto3 import script
from kmspec_check.script_cli import lines as cli_lines
from kmspec_check.trace import to_json
from kmspec_check.violation import Violation

FORMAT = "kmspec-report"
VERSION = 1


def dumps(result: Result) -> str:
    """The JSON report."""
    return json.dumps(to_data(result), indent=2) + "\n"


def schema(name: str) -> dict[str, Any]:
    """A schema of this package: ``report-1``, ``trace-1``, ``trace-2`` or ``trace-3``."""
    folder = resources.files("kmspec_check").joinpath("schemas")
    found: dict[str, Any] = json.loads(folder.joinpath(f"{name}.json").read_text("utf-8"))
    return found


def to_data(result: Result) -> dict[str, Any]:
    """The JSON report as data."""
    coverage = result.coverage
    return {
        "format": FORMAT,
        "version": VERSION,
        "identity": result.identity._asdict(),
        "exitCode": result.exit_code,
        "trouble": result.trouble,
        "summary": {status.word: result.count(status) for status in Status},
        "phases": [phase._asdict() for phase in result.phases],
        "steps": result.steps,
        "seconds": round(result.seconds, 3),
        "cells": [_cell(decided) for decided in result.cells],
        "violations": [_violation(violation) for violation in result.violations],
        "expected": dict(result.expected),
        "unexpectedPasses": list(result.unexpected_passes),
        "coverage": {
            "rules": _counted(coverage.rules),
            "situations": _counted(coverage.situations),
            "transitions": {
                **_counted(coverage.transitions),
                "missing": [missed._asdict() for missed in coverage.missed_transitions],
                "unsupported": coverage.unsupported_transitions,
            },
            "silent": list(coverage.silent),
        },
    }


def _counted(counted: Counted) -> dict[str, Any]:
    return {
        "reached": counted.reached,
        "total": counted.total,
        "missing": list(counted.missing),
    }


def _cell(decided: Decided) -> dict[str, Any]:
    return {
        **decided.cell._asdict(),
        "status": decided.status.word,
        "reason": decided.reason,
        "rules": list(decided.rules),
    }


def _violation(violation: Violation) -> dict[str, Any]:
    trace = violation.trace
    return {
        "rule": violation.rule,
        "level": violation.level,
        "sentence": violation.sentence,
        "sources": list(violation.sources),
        "also": list(violation.also),
        "cell": violation.cell._asdict(),
        "situation": violation.situation,
        "expected": list(violation.expected),
        "observed": list(violation.observed),
        "trace": to_json(trace) if trace else None,
        "boto3": script(trace) if trace else None,
        "cli": "\n".join(cli_lines(trace)) if trace else None,
    }
