namespace RateLimiter.ApiTests.Health;

/// <summary>GET /health/live and /health/ready of a healthy service.</summary>
public sealed class HealthTests : ServiceFixture
{
    [Test]
    [Contract("GET /health/live")]
    public async Task Live_ServiceRuns_AnswersHealthy()
    {
        (await Visitor.GetAsync("/health/live")).MustBe("""{"status":"healthy","checks":{}}""");
    }

    [Test]
    [Contract("GET /health/ready")]
    public async Task Ready_StoreAnswers_AnswersHealthy()
    {
        (await Visitor.GetAsync("/health/ready")).MustBe(
            """{"status":"healthy","checks":{"store":"healthy","serving":"healthy","warm-up":"healthy"}}"""
        );
    }
}
