"""Finished runs side by side: a leaderboard, its caveats, and what moved between two runs."""
