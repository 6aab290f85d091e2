"""The demo: the operator's standard day on simulated phones, judged against what really happened."""
