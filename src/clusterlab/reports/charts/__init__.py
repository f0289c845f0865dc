"""Charts over several finished runs: a sweep, purity by granularity, maps side by side."""
