#!/usr/bin/env bash
# The end-to-end bench; --help lists its options.
cd "$(dirname "$0")/.." && exec dotnet run -c Release --project bench/RateLimiter.Bench -- "$@"
