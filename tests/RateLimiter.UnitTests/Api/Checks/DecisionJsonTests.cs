using System.Text;
using System.Text.Json;
using RateLimiter.Api.Checks;
using RateLimiter.Api.Http.Json;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Checks;

/// <summary>The hand-written JSON equals what the serializer writes for the type in the OpenAPI document.</summary>
public sealed class DecisionJsonTests
{
    private static IEnumerable<TestCaseData<Decision>> Decisions()
    {
        yield return new(TestData.Decision(TestData.Policy())) { TestName = "{m}(allowed)" };
        yield return new(TestData.Decision(TestData.Policy(), TestData.Status(1_500_001, 0)))
        {
            TestName = "{m}(denied)",
        };
        yield return new(
            TestData.Decision(TestData.Policy(), TestData.Status(LimitStatus.Never, 0))
        )
        {
            TestName = "{m}(never)",
        };
        yield return new(
            TestData.Decision(
                TestData.Policy(mode: PolicyMode.Shadow),
                TestData.Status(1_000, long.MaxValue)
            )
        )
        {
            TestName = "{m}(shadow)",
        };
        yield return new(
            TestData.Decision(
                TestData.Policy(
                    route: "a\"b\\c/<é😀>",
                    role: "\u00A0+'&",
                    limits: [TestData.Limit("<one>"), TestData.Limit("\"two\"")]
                ),
                TestData.Status(1),
                TestData.Status(2)
            )
        )
        {
            TestName = "{m}(awkward names)",
        };
        yield return new(
            TestData.Decision(
                TestData.Policy(
                    limits: TestData.Limit("default", 20, 60, Algorithm.TokenBucket, burst: 10)
                )
            )
        )
        {
            TestName = "{m}(bucket)",
        };
        yield return new(
            Decision.From(
                TestData.Plan(TestData.Policy(), cost: 7, minCost: 2),
                [TestData.Status(remaining: 0, used: 7)],
                TestData.Moment
            )
        )
        {
            TestName = "{m}(partial)",
        };
        yield return new(
            Decision.NotAsked(TestData.Plan(TestData.Policy(isActive: false)), TestData.Moment)
        )
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
