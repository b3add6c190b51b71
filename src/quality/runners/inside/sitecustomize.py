# Runs inside the sandbox: python loads this by its name before anything else, in every process of a covered run.
import os

if os.environ.get("CAMBIUM_COVERAGE"):
    import cambium_coverage

    cambium_coverage.begin(os.environ["CAMBIUM_COVERAGE"])
