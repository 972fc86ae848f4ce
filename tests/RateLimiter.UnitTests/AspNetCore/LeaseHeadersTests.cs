using Microsoft.AspNetCore.Http;
using RateLimiting.AspNetCore;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.AspNetCore;

public sealed class LeaseHeadersTests
{
    [Test]
    public void Write_DecisionOfABucket_TellsWhatIsLeftOfItsBurst()
    {
        var headers = new HeaderDictionary();
        var decision = new RateLimitDecision
        {
            Allowed = true,
            Remaining = 9,
            Limit = 20,
            Capacity = 10,
            ResetIn = TimeSpan.FromSeconds(3),
            MatchedRole = "default",
            MatchedRoute = "search",
        };

        RateLimitHeaders.Write(headers, ServiceLease.Of(decision, isAcquired: true));

        using (Assert.EnterMultipleScope())
        {
            Assert.That($"{headers["RateLimit-Policy"]}", Is.EqualTo("\"default\";q=10"));
            Assert.That($"{headers["RateLimit"]}", Is.EqualTo("\"default\";r=9;t=3"));
        }
    }
}
