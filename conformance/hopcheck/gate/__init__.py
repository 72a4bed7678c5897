"""One gate run: target file, catalogue of cases, preflight, run."""
