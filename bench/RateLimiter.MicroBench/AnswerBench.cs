using System.Buffers;
using System.Text.Json;
using BenchmarkDotNet.Attributes;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;
using RateLimiter.Domain.Checks;

namespace RateLimiter.MicroBench;

/// <summary>Writes a decision: by hand, and with the serializer from the documented type.</summary>
[MemoryDiagnoser]
public class AnswerBench
{
    private readonly ArrayBufferWriter<byte> buffer = new();
    private readonly JsonSerializerOptions options = new();
    private readonly Decision decision = Decision.From(
        Policies.PlanOf("search", limits: 1),
        [new LimitStatus(Wait: 0, Remaining: 9, Reset: 60_000_000, Used: 0)],
        DateTimeOffset.UnixEpoch
    );

    public AnswerBench() => ApiJson.Configure(options);

    [Benchmark(Baseline = true)]
    public int ByHand()
    {
        buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(buffer);
        DecisionJson.Write(json, decision);
        json.Flush();
        return buffer.WrittenCount;
    }

    [Benchmark]
    public int Serializer()
    {
        buffer.ResetWrittenCount();
        using var json = new Utf8JsonWriter(buffer);
        JsonSerializer.Serialize(json, DecisionResponse.From(decision), options);
        json.Flush();
        return buffer.WrittenCount;
    }
}
