using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RateLimiting.Client;

namespace RateLimiter.UnitTests.Client;

/// <summary>What the client sends for checks, refunds and usage of several subjects.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class SubjectRequestTests : IAsyncDisposable
{
    private static readonly Dictionary<string, string> Acme = new() { ["org"] = "acme & co" };

    private static readonly RateLimitCheck Check = new("alice", "search", Cost: 500)
    {
        Subjects = Acme,
        MinCost = 1,
    };

    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly FakeService service = new();
    private readonly ServiceProvider services;
    private readonly IRateLimiterClient limiter;

    public SubjectRequestTests()
    {
        services = service.Client(time: time);
        limiter = services.GetRequiredService<IRateLimiterClient>();
    }

    public ValueTask DisposeAsync() => service.EndAsync(services, time);

    [Test]
    public async Task CheckAsync_SubjectsAndMinCost_AreSentAndGrantedIsRead()
    {
        var asked = limiter.CheckAsync(Check);
        var request = await service.NextAsync();
        request.Give(FakeRequest.Allowed(granted: 37));

        Assert.That((await asked).Granted, Is.EqualTo(37));
        MustSay(request.Body, minCost: 1);
    }

    [Test]
    public async Task CheckBatchAsync_SubjectsAndMinCost_AreSentAndGrantedIsRead()
    {
        var asked = limiter.CheckBatchAsync([Check]);
        var request = await service.NextAsync();
        request.GiveAll(FakeRequest.Allowed(granted: 37));

        Assert.That((await asked)[0].Decision!.Granted, Is.EqualTo(37));
        MustSay(request.Body.GetProperty("checks")[0], minCost: 1);
    }

    [Test]
    public async Task RefundAsync_Subjects_AreSent()
    {
        var asked = limiter.RefundAsync(Check with { MinCost = null });
        var request = await service.NextAsync();
        request.Give(FakeRequest.Allowed());
        await asked;

        MustSay(request.Body, minCost: null);
    }

    [Test]
    public async Task GetUsageAsync_Subjects_AreInTheQuery()
    {
        var asked = limiter.GetUsageAsync(new RateLimitUsageKey("search") { Subjects = Acme });
        var request = await service.NextAsync();
        request.Give(FakeRequest.Allowed());
        await asked;

        Assert.That(
            request.Line,
            Is.EqualTo("GET /base/usage?route_key=search&subject.org=acme%20%26%20co")
        );
    }

    [Test]
    public async Task ResetAsync_SubjectsAndLimit_AreInTheQuery()
    {
        var asked = limiter.ResetAsync(
            new RateLimitUsageKey("search", "alice") { Subjects = Acme },
            limit: "daily"
        );
        var request = await service.NextAsync();
        request.Give(FakeRequest.Allowed());
        await asked;

        Assert.That(
            request.Line,
            Is.EqualTo(
                "DELETE /base/usage?route_key=search&user_id=alice&limit=daily&subject.org=acme%20%26%20co"
            )
        );
    }

    private static void MustSay(JsonElement check, long? minCost)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                $"{check.GetProperty("subjects")}",
                Is.EqualTo("""{"org":"acme \u0026 co"}""")
            );
            Assert.That(
                check.TryGetProperty("min_cost", out var least) ? least.GetInt64() : (long?)null,
                Is.EqualTo(minCost)
            );
        }
    }
}
