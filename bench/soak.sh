#!/usr/bin/env bash
# The service under load while its store fails, again and again; --help lists its options.
cd "$(dirname "$0")/.." && exec dotnet run -c Release --project bench/RateLimiter.Soak -- "$@"
