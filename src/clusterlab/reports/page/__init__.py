"""What report.html says, as plain values; the templates only lay it out."""
