using BenchmarkDotNet.Attributes;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.MicroBench;

/// <summary>Parses an API key, verifies its checksum, and hashes it.</summary>
[MemoryDiagnoser]
public class ApiKeyBench
{
    private readonly string text = ApiKey.Generate(ClientId.New()).Text;

    [Benchmark]
    public bool TryParse() => ApiKey.TryParse(text, out _);
}
