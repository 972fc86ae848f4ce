using System.Text;
using System.Text.Json;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Json;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Checks;

/// <summary>What is written by hand is what the serializer writes of the type that the OpenAPI document shows.</summary>
public sealed class DecisionJsonTests
{
    private static IEnumerable<TestCaseData<Decision>> Decisions()
    {
        yield return new(A.Decision(A.Policy())) { TestName = "{m}(allowed)" };
        yield return new(A.Decision(A.Policy(), A.Status(1_500_001, 0)))
        {
            TestName = "{m}(denied)",
        };
        yield return new(A.Decision(A.Policy(), A.Status(LimitStatus.Never, 0)))
        {
            TestName = "{m}(never)",
        };
        yield return new(
            A.Decision(A.Policy(mode: PolicyMode.Shadow), A.Status(1_000, long.MaxValue))
        )
        {
            TestName = "{m}(shadow)",
        };
        yield return new(
            A.Decision(
                A.Policy(
                    route: "a\"b\\c/<é😀>",
                    role: "\u00A0+'&",
                    limits: [A.Limit("<one>"), A.Limit("\"two\"")]
                ),
                A.Status(1),
                A.Status(2)
            )
        )
        {
            TestName = "{m}(awkward names)",
        };
        yield return new(
            A.Decision(
                A.Policy(limits: A.Limit("default", 20, 60, Algorithm.TokenBucket, burst: 10))
            )
        )
        {
            TestName = "{m}(bucket)",
        };
        yield return new(Decision.Inactive(A.Policy(isActive: false), A.Moment))
        {
            TestName = "{m}(inactive)",
        };
    }

    [TestCaseSource(nameof(Decisions))]
    public void Write_AnyDecision_IsAsTheSerializerWritesIt(Decision decision)
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);
        using var stream = new MemoryStream();
        using var writer = new Utf8JsonWriter(stream);

        DecisionJson.Write(writer, decision);
        writer.Flush();

        Assert.That(
            Encoding.UTF8.GetString(stream.ToArray()),
            Is.EqualTo(JsonSerializer.Serialize(DecisionResponse.From(decision), options))
        );
    }
}
