using RateLimiter.Api.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.UnitTests.Api.Checks;

public sealed class DecisionResponseTests
{
    private const long Second = 1_000_000;

    [TestCase(0, 0)]
    [TestCase(1, 1)]
    [TestCase(Second - 1, 1)]
    [TestCase(Second, 1)]
    [TestCase(Second + 1, 2)]
    [TestCase(60 * Second, 60)]
    [TestCase(31_536_000 * Second, 31_536_000)]
    public void From_Reset_IsInSecondsRoundedUp(long microseconds, long seconds) =>
        Assert.That(Response(TestData.Status(reset: microseconds)).ResetIn, Is.EqualTo(seconds));

    [TestCase(1, 1, 1)]
    [TestCase(999, 1, 1)]
    [TestCase(1_000, 1, 1)]
    [TestCase(1_001, 1, 2)]
    [TestCase(Second - 1_000, 1, 999)]
    [TestCase(Second - 999, 1, 1_000)]
    [TestCase(Second - 1, 1, 1_000)]
    [TestCase(Second, 1, 1_000)]
    [TestCase(Second + 1, 2, 1_001)]
    [TestCase(31_536_000 * Second, 31_536_000, 31_536_000_000)]
    public void From_Wait_IsInSecondsAndInMillisecondsRoundedUp(
        long microseconds,
        long seconds,
        long milliseconds
    )
    {
        var response = Response(TestData.Status(wait: microseconds));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.RetryAfter, Is.EqualTo(seconds));
            Assert.That(response.RetryAfterMs, Is.EqualTo(milliseconds));
        }
    }

    [TestCase(0)]
    [TestCase(LimitStatus.Never)]
    public void From_NoWaitToTell_HasNone(long wait)
    {
        var response = Response(TestData.Status(wait: wait));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.RetryAfter, Is.Null);
            Assert.That(response.RetryAfterMs, Is.Null);
        }
    }

    [Test]
    public void From_Denial_TellsAllOfIt()
    {
        var policy = TestData.Policy(
            role: "free",
            limits:
            [
                TestData.Limit("minute", 12),
                TestData.Limit("month", 200),
                TestData.Limit("year", 300),
            ]
        );

        var response = DecisionResponse.From(
            TestData.Decision(
                policy,
                TestData.Status(wait: Second, remaining: 0, reset: 2 * Second),
                TestData.Status(wait: 0, remaining: 100),
                TestData.Status(wait: Second, remaining: 1)
            )
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Allowed, Is.False);
            Assert.That(response.Reason, Is.EqualTo(Decision.LimitExceeded));
            Assert.That(response.Limit, Is.EqualTo(12));
            Assert.That(response.Remaining, Is.Zero);
            Assert.That(response.ResetIn, Is.EqualTo(2));
            Assert.That(response.MatchedRole, Is.EqualTo("free"));
            Assert.That(response.Violated, Is.EqualTo(new[] { "minute", "year" }));
        }
    }

    [Test]
    public void From_Permission_TellsAllOfIt()
    {
        var response = Response(TestData.Status(remaining: 9));

        using (Assert.EnterMultipleScope())
        {
            Assert.That(response.Allowed, Is.True);
            Assert.That(response.Reason, Is.Null);
            Assert.That(response.Limit, Is.EqualTo(10));
            Assert.That(response.Capacity, Is.EqualTo(10));
            Assert.That(response.Remaining, Is.EqualTo(9));
            Assert.That(response.MatchedRole, Is.EqualTo("default"));
            Assert.That(response.Violated, Is.Empty);
        }
    }

    private static DecisionResponse Response(LimitStatus status) =>
        DecisionResponse.From(TestData.Decision(TestData.Policy(), status));
}
