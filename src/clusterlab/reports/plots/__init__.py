"""One figure a file; `clusterlab.reports.figures` draws them all."""
