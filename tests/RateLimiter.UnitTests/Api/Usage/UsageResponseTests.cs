using System.Text.Json;
using RateLimiter.Api.Http.Json;
using RateLimiter.Api.Usage;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Usage;

public sealed class UsageResponseTests
{
    private const long Second = 1_000_000;

    private static readonly UsageResponse Response = UsageResponse.From(
        TestData.Decision(
            TestData.Policy(
                role: "free",
                limits:
                [
                    TestData.Limit("minute", 24, 60, Algorithm.TokenBucket, burst: 12),
                    TestData.Limit("month", 200, 2_592_000),
                ]
            ),
            TestData.Status(Second, 0, Second + 1, used: 12),
            TestData.Status(0, 189, 2_592_000 * Second, used: 11)
        )
    );

    [Test]
    public void From_Decision_TellsItAndHowEachLimitStands()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Response.Allowed, Is.False);
            Assert.That((Response.Limit, Response.Capacity), Is.EqualTo((24, 12)));
            Assert.That(Response.MatchedRole, Is.EqualTo("free"));
            Assert.That(Response.Violated, Is.EqualTo(new[] { "minute" }));
            Assert.That(Response.Used, Is.EqualTo(12));
            Assert.That(
                Response.Limits,
                Is.EqualTo(
                    new LimitUsageResponse[]
                    {
                        new("minute", SubjectNames.UserOnly, 24, 12, 12, 0, 2),
                        new("month", SubjectNames.UserOnly, 200, 200, 11, 189, 2_592_000),
                    }
                )
            );
        }
    }

    [Test]
    public void Serialize_Usage_HasTheFieldsOfADecisionAndThenItsOwn()
    {
        var options = new JsonSerializerOptions();
        ApiJson.Configure(options);

        var json = JsonSerializer.SerializeToElement(Response, options);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                json.EnumerateObject().Select(field => field.Name),
                Is.SupersetOf(new[] { "allowed", "remaining", "reset_in", "reason" })
            );
            Assert.That(
                json.EnumerateObject().TakeLast(3).Select(field => field.Name),
                Is.EqualTo(new[] { "used", "limits", "considered" })
            );
            Assert.That(
                json.GetProperty("limits")[0].EnumerateObject().Select(field => field.Name),
                Is.EqualTo(
                    new[] { "name", "per", "limit", "capacity", "used", "remaining", "reset_in" }
                )
            );
        }
    }
}
