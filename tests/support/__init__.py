"""What tests and benchmarks share: throwaway servers and bounded waits."""
