using BenchmarkDotNet.Attributes;
using RateLimiter.Domain;
using RateLimiter.Domain.Keys;

namespace RateLimiter.MicroBench;

/// <summary>An API key is read, its checksum is compared, and it is hashed.</summary>
[MemoryDiagnoser]
public class ApiKeyBench
{
    private readonly string text = ApiKey.Generate(ClientId.New()).Text;

    [Benchmark]
    public bool TryParse() => ApiKey.TryParse(text, out _);
}
