"""Settings for the whole suite."""

from hypothesis import settings

# The same examples at every run, and few enough that the suite stays quick; no time limits, which slow machines break.
settings.register_profile("mathnn", derandomize=True, deadline=None, max_examples=40)
settings.load_profile("mathnn")
