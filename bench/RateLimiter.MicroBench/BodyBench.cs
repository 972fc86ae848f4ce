using System.Text.Json;
using BenchmarkDotNet.Attributes;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;

namespace RateLimiter.MicroBench;

/// <summary>
/// Parses the body of a check: by hand, and with the serializer, which is used for everything that is not plainly
/// valid.
/// </summary>
[MemoryDiagnoser]
public class BodyBench
{
    private static readonly byte[] Body =
        """{"user_id":"user-1234","route_key":"search"}"""u8.ToArray();
    private readonly CheckRequestReader reader = new();
    private readonly JsonSerializerOptions options = new();

    public BodyBench() => ApiJson.Configure(options);

    [Benchmark(Baseline = true)]
    public object? ByHand()
    {
        var json = new Utf8JsonReader(Body);
        return reader.Read(ref json);
    }

    [Benchmark]
    public object? Serializer() => JsonSerializer.Deserialize<CheckRequest>(Body, options);
}
