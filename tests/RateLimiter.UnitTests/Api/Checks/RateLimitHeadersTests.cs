using Microsoft.AspNetCore.Http;
using RateLimiter.Api.Checks;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.UnitTests.Api.Checks;

public sealed class RateLimitHeadersTests
{
    private const long Second = 1_000_000;

    private static readonly Policy MinuteAndMonth = TestData.Policy(
        limits: [TestData.Limit("minute", 12, 60), TestData.Limit("month", 200, 2_592_000)]
    );

    [TestCase("", "\"\"")]
    [TestCase("default", "\"default\"")]
    [TestCase(" ~!#$&'()*+,-./09:;<=>?@AZ[]^_`az{|}", "\" ~!#$&'()*+,-./09:;<=>?@AZ[]^_`az{|}\"")]
    [TestCase("a\"b", "\"a\\\"b\"")]
    [TestCase("a\\b", "\"a\\\\b\"")]
    [TestCase("50%", "\"50%25\"")]
    [TestCase("%25", "\"%2525\"")]
    [TestCase("é", "\"%C3%A9\"")]
    [TestCase("\"é\"", "\"\\\"%C3%A9\\\"\"")]
    [TestCase("😀", "\"%F0%9F%98%80\"")]
    [TestCase("a\r\nb", "\"a%0D%0Ab\"")]
    [TestCase("\u007f", "\"%7F\"")]
    public void Write_Name_IsAStringOfAscii(string name, string quoted)
    {
        var headers = Write(TestData.Policy(limits: TestData.Limit(name)), TestData.Status());

        using (Assert.EnterMultipleScope())
        {
            Assert.That($"{headers["RateLimit-Policy"]}", Is.EqualTo($"{quoted};q=10;w=60"));
            Assert.That($"{headers["RateLimit"]}", Is.EqualTo($"{quoted};r=9;t=60"));
        }
    }

    [Test]
    public void Write_OneLimit_HasOneItem()
    {
        var headers = Write(TestData.Policy(), TestData.Status(0, 9, 60 * Second));

        using (Assert.EnterMultipleScope())
        {
            Assert.That($"{headers["RateLimit-Policy"]}", Is.EqualTo("\"default\";q=10;w=60"));
            Assert.That($"{headers["RateLimit"]}", Is.EqualTo("\"default\";r=9;t=60"));
            Assert.That(headers, Does.Not.ContainKey("Retry-After"));
        }
    }

    // The quota of a bucket is its burst; the window is the time in which its rate replenishes the burst.
    [TestCase(Algorithm.FixedWindow, 20, 60, null, "q=20;w=60")]
    [TestCase(Algorithm.SlidingWindow, 20, 60, null, "q=20;w=60")]
    [TestCase(Algorithm.SlidingLog, 20, 60, null, "q=20;w=60")]
    [TestCase(Algorithm.TokenBucket, 20, 60, null, "q=20;w=60")]
    [TestCase(Algorithm.TokenBucket, 20, 60, 10, "q=10;w=30")]
    [TestCase(Algorithm.TokenBucket, 10, 1, 20, "q=20;w=2")]
    [TestCase(Algorithm.TokenBucket, 7, 60, 3, "q=3;w=26")]
    [TestCase(Algorithm.TokenBucket, 1_000_000_000, 1, 1, "q=1;w=1")]
    [TestCase(Algorithm.TokenBucket, 1, 31_536_000, 285_616, "q=285616;w=9007186176000")]
    [TestCase(Algorithm.LeakyBucket, 10, 60, null, "q=1;w=6")]
    [TestCase(Algorithm.LeakyBucket, 10, 60, 3, "q=3;w=18")]
    [TestCase(Algorithm.FixedWindow, 0, 60, null, "q=0;w=60")]
    [TestCase(Algorithm.LeakyBucket, 0, 60, null, "q=0;w=60")]
    [TestCase(Algorithm.TokenBucket, 0, 60, 10, "q=0;w=60")]
    public void Write_Policy_SaysWhatCanBeLeftAndInWhichTimeItComesBack(
        Algorithm algorithm,
        long permits,
        int windowSeconds,
        long? burst,
        string policy
    )
    {
        var limit = TestData.Limit("default", permits, windowSeconds, algorithm, burst);

        var headers = Write(
            TestData.Policy(limits: limit),
            TestData.Status(remaining: limit.Capacity)
        );

        Assert.That($"{headers["RateLimit-Policy"]}", Is.EqualTo($"\"default\";{policy}"));
    }

    [Test]
    public void Write_SeveralLimits_HasAnItemForEachInTheirOrder()
    {
        var headers = Write(
            MinuteAndMonth,
            TestData.Status(1_000_001, 0, Second + 1),
            TestData.Status(0, 188, 2_592_000 * Second)
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                $"{headers["RateLimit-Policy"]}",
                Is.EqualTo("\"minute\";q=12;w=60, \"month\";q=200;w=2592000")
            );
            Assert.That(
                $"{headers["RateLimit"]}",
                Is.EqualTo("\"minute\";r=0;t=2, \"month\";r=188;t=2592000")
            );
            Assert.That($"{headers.RetryAfter}", Is.EqualTo("2"));
        }
    }

    [TestCase(7, LimitStatus.Never)]
    [TestCase(LimitStatus.Never, 0)]
    [TestCase(0, 0)]
    public void Write_NoWaitHelps_HasNoRetryAfter(long minute, long month) =>
        Assert.That(
            Write(MinuteAndMonth, TestData.Status(minute), TestData.Status(month)),
            Does.Not.ContainKey("Retry-After")
        );

    [Test]
    public void Write_ShadowDenial_HasNoRetryAfter() =>
        Assert.That(
            Write(TestData.Policy(mode: PolicyMode.Shadow), TestData.Status(wait: 7)),
            Does.Not.ContainKey("Retry-After")
        );

    [Test]
    public void Write_InactivePolicy_HasAllOfEachLimit()
    {
        var response = Requests.Context().Response;

        RateLimitHeaders.Write(
            response,
            Decision.NotAsked(
                TestData.Plan(
                    MinuteAndMonth with
                    {
                        Definition = MinuteAndMonth.Definition with { IsActive = false },
                    }
                ),
                TestData.Moment
            )
        );

        Assert.That(
            $"{response.Headers["RateLimit"]}",
            Is.EqualTo("\"minute\";r=12;t=0, \"month\";r=200;t=0")
        );
    }

    [Test]
    public void Write_DeniedOnlyBecauseTheStoreIsAway_HasNothingButTheWait() =>
        Assert.That(
            WriteUncounted(MinuteAndMonth, allowed: false),
            Is.EquivalentTo(new Dictionary<string, string> { ["Retry-After"] = "1" })
        );

    [Test]
    public void Write_AllowedWithoutTheStore_HasThePolicyAndNoFigures() =>
        Assert.That(
            WriteUncounted(MinuteAndMonth, allowed: true).Keys,
            Is.EqualTo(new[] { "RateLimit-Policy" })
        );

    [Test]
    public void Write_CanNeverPassWithoutTheStore_HasThePolicyAndNoFigures([Values] bool allowed) =>
        Assert.That(
            WriteUncounted(
                TestData.Policy(
                    limits: [TestData.Limit("none", 0, 60), TestData.Limit("month", 200, 2_592_000)]
                ),
                allowed
            ).Keys,
            Is.EqualTo(new[] { "RateLimit-Policy" })
        );

    private static Dictionary<string, string> WriteUncounted(Policy policy, bool allowed)
    {
        var response = Requests.Context().Response;
        RateLimitHeaders.Write(
            response,
            Decision.Uncounted(
                TestData.Plan(policy),
                allowed,
                TestData.Moment,
                TimeSpan.FromSeconds(1)
            )
        );
        return response.Headers.ToDictionary(header => header.Key, header => $"{header.Value}");
    }

    private static IHeaderDictionary Write(Policy policy, params LimitStatus[] statuses)
    {
        var response = Requests.Context().Response;
        RateLimitHeaders.Write(response, TestData.Decision(policy, statuses));
        return response.Headers;
    }
}
