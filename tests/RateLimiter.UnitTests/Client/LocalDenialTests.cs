using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Time.Testing;
using RateLimiting.Client;
using RateLimiting.Client.Generated;

namespace RateLimiter.UnitTests.Client;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class LocalDenialTests : IAsyncDisposable
{
    private readonly FakeTimeProvider time = new(TestData.Moment);
    private readonly FakeService service = new();
    private ServiceProvider? services;
    private IRateLimiterClient limiter = null!;

    public ValueTask DisposeAsync() => service.EndAsync(services, time);

    [Test]
    public async Task CheckAsync_JustDenied_IsDeniedHereWithAShorterWait()
    {
        Start();
        await AnsweredAsync(limiter.CheckAsync("alice", "search"), FakeRequest.Denied());
        time.Advance(TimeSpan.FromMilliseconds(400));

        var decision = await limiter.CheckAsync("alice", "search", "default");

        Assert.That((decision.Allowed, decision.IsLocal), Is.EqualTo((false, true)));
        Assert.That(decision.RetryAfter, Is.EqualTo(TimeSpan.FromMilliseconds(59_600)));
        Assert.That(service.Count, Is.EqualTo(1));
    }

    [TestCase("bob", "search", null, 1)]
    [TestCase("alice", "mail", null, 1)]
    [TestCase("alice", "search", "pro", 1)]
    [TestCase("alice", "search", null, 4, Description = "Cheaper than what was denied.")]
    [TestCase("alice", "search", null, 6, Description = "Dearer, so that its wait is longer.")]
    [TestCase("alice", "search", null, 0)]
    public async Task CheckAsync_AnotherOne_IsAsked(
        string userId,
        string routeKey,
        string? role,
        long cost
    )
    {
        Start();
        await AnsweredAsync(limiter.CheckAsync("alice", "search", cost: 5), FakeRequest.Denied());

        await MustBeAskedAsync(limiter.CheckAsync(userId, routeKey, role, cost));
    }

    [TestCase("acme", "eu", null, true)]
    [TestCase("acme", "eu", 5L, true, Description = "The whole cost.")]
    [TestCase("globex", "eu", null, false, Description = "Another organisation may have permits.")]
    [TestCase("acme", null, null, false)]
    [TestCase(null, null, null, false)]
    [TestCase("acme", "eu", 1L, false, Description = "A part may be left.")]
    public async Task FindLocalDenial_OfSubjects_IsThatOfTheSameCheck(
        string? organisation,
        string? region,
        long? minCost,
        bool isKnown
    )
    {
        Start();
        await AnsweredAsync(
            limiter.CheckAsync(
                new RateLimitCheck("alice", "search", Cost: 5) { Subjects = Subjects("eu", "acme") }
            ),
            FakeRequest.Denied()
        );

        var denial = limiter.FindLocalDenial(
            new RateLimitCheck("alice", "search", Cost: 5)
            {
                MinCost = minCost,
                Subjects = Subjects(region, organisation),
            }
        );

        Assert.That(denial is not null, Is.EqualTo(isKnown));
    }

    [TestCase(1000, 60_000, Description = "The greatest age.")]
    [TestCase(300, 300, Description = "The wait that was told.")]
    public async Task CheckAsync_LongAfterTheDenial_IsAskedAgain(int milliseconds, long wait)
    {
        Start();
        await AnsweredAsync(limiter.CheckAsync("alice", "search"), FakeRequest.Denied(wait));
        time.Advance(TimeSpan.FromMilliseconds(milliseconds - 1));
        var justBefore = await limiter.CheckAsync("alice", "search");
        time.Advance(TimeSpan.FromMilliseconds(1));

        await MustBeAskedAsync(limiter.CheckAsync("alice", "search"));

        Assert.That(justBefore.IsLocal, Is.True);
    }

    [TestCase(null, false, Description = "No wait helps.")]
    [TestCase(60_000L, true, Description = "The service's store does not answer.")]
    public async Task CheckAsync_ADenialThatMayNotLast_IsAskedAgain(long? wait, bool degraded)
    {
        Start();
        await AnsweredAsync(
            limiter.CheckAsync("alice", "search"),
            FakeRequest.Denied(wait, degraded)
        );

        await MustBeAskedAsync(limiter.CheckAsync("alice", "search"));
    }

    [Test]
    public async Task CheckAsync_AfterAChangeByThisClient_IsAskedAgain(
        [Values("refund", "reset", "policy", "deleted policy")] string change
    )
    {
        Start();
        await AnsweredAsync(limiter.CheckAsync("alice", "search"), FakeRequest.Denied());

        await AnsweredAsync(ChangeAsync(change), FakeRequest.Allowed());

        await MustBeAskedAsync(limiter.CheckAsync("alice", "search"));
    }

    [Test]
    public async Task CheckAsync_DeniedWhileSomethingChanged_IsAskedAgain()
    {
        Start();
        var denied = limiter.CheckAsync("alice", "search");
        var request = await service.NextAsync();
        await AnsweredAsync(ChangeAsync("reset"), FakeRequest.Allowed());
        request.Give(FakeRequest.Denied());
        await denied;

        await MustBeAskedAsync(limiter.CheckAsync("alice", "search"));
    }

    [Test]
    public async Task CheckAsync_WhenSwitchedOff_IsAskedAgain()
    {
        Start(options => options.LocalDenials = false);
        await AnsweredAsync(limiter.CheckAsync("alice", "search"), FakeRequest.Denied());

        await MustBeAskedAsync(limiter.CheckAsync("alice", "search"));
    }

    [Test]
    public async Task CheckBatchAsync_ADenial_IsKnownToChecks()
    {
        Start();
        var batch = limiter.CheckBatchAsync([new("alice", "search"), new("bob", "search")]);
        (await service.NextAsync()).GiveAll(FakeRequest.Denied(), FakeRequest.Allowed());
        await batch;

        Assert.That(limiter.FindLocalDenial("alice", "search"), Is.Not.Null);
        Assert.That(limiter.FindLocalDenial("bob", "search"), Is.Null);
    }

    private void Start(Action<RateLimiterClientOptions>? configure = null)
    {
        services = service.Client(configure, time);
        limiter = services.GetRequiredService<IRateLimiterClient>();
    }

    private static Dictionary<string, string> Subjects(string? region, string? organisation)
    {
        var subjects = new Dictionary<string, string>();
        if (region is not null)
        {
            subjects["region"] = region;
        }

        if (organisation is not null)
        {
            subjects["org"] = organisation;
        }

        return subjects;
    }

    private Task ChangeAsync(string change) =>
        change switch
        {
            "refund" => limiter.RefundAsync("bob", "mail"),
            "reset" => limiter.ResetAsync("bob", "mail"),
            "policy" => limiter.Api.SavePolicyAsync(new SavePolicyRequest { RouteKey = "mail" }),
            _ => limiter.Api.DeletePolicyAsync(routeKey: "mail"),
        };

    private async Task AnsweredAsync(Task asked, object answer)
    {
        (await service.NextAsync()).Give(answer);
        await asked;
    }

    private Task MustBeAskedAsync(Task<RateLimitDecision> check) =>
        AnsweredAsync(check, FakeRequest.Allowed());
}
