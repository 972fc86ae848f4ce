using Microsoft.Extensions.DependencyInjection;
using RateLimiter.Clients;
using RateLimiting.AspNetCore;
using RateLimiting.Client;
using RateLimiting.Client.Generated;

namespace RateLimiter.EndToEndTests.Client;

/// <summary>The .NET client package against the service.</summary>
public sealed class ClientPackageTests
{
    private Service service = null!;
    private TestClient client = null!;
    private ServiceProvider services = null!;
    private IRateLimiterClient limiter = null!;

    [SetUp]
    public async Task StartAsync()
    {
        service = (await SharedServices.OfAsync(Store.Embedded)).Service;
        client = await TestClient.RegisterAsync(service);
        services = Services(client, service);
        limiter = services.GetRequiredService<IRateLimiterClient>();
    }

    [TearDown]
    public ValueTask StopAsync() => services.DisposeAsync();

    [Test]
    public async Task CheckAsync_ManyAtOnce_AllowsExactlyTheLimit()
    {
        await client.HasPolicyAsync("search", limit: 50);

        var decisions = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(_ => limiter.CheckAsync("alice", "search"))
        );

        Assert.That(decisions.Count(decision => decision.Allowed), Is.EqualTo(50));
    }

    [Test]
    public async Task CheckAsync_CostOf0_TakesNothing()
    {
        await client.HasPolicyAsync("search", limit: 10);

        var decision = await limiter.CheckAsync("alice", "search", cost: 0);

        Assert.That((decision.Allowed, decision.Remaining), Is.EqualTo((true, 10)));
    }

    [Test]
    public async Task CheckAsync_SameIdempotencyKey_IsChargedOnce()
    {
        await client.HasPolicyAsync("search", limit: 10);
        var check = new RateLimitCheck("alice", "search", Cost: 3) { IdempotencyKey = "k" };

        var first = await limiter.CheckAsync(check);
        var second = await limiter.CheckAsync(check);
        var batched = await limiter.CheckBatchAsync([check, check]);

        Assert.That((first.Remaining, second.Remaining), Is.EqualTo((7, 7)));
        Assert.That(batched.Select(it => it.Decision!.Remaining), Is.All.EqualTo(7));
        Assert.That(await client.RemainingAsync("alice", "search"), Is.EqualTo(7));
    }

    [Test]
    public async Task ReserveAsync_Committed_IsChargedWhatWasUsed()
    {
        await client.HasPolicyAsync("search", limit: 100);

        await using (var reservation = await limiter.ReserveAsync(new("alice", "search", Cost: 80)))
        {
            Assert.That(reservation.Decision.Allowed);
            Assert.That(await client.RemainingAsync("alice", "search"), Is.EqualTo(20));
            await reservation.CommitAsync(10, final: false);
            Assert.That((await reservation.CommitAsync(30)).Remaining, Is.EqualTo(70));
        }

        Assert.That(await client.RemainingAsync("alice", "search"), Is.EqualTo(70));
    }

    [Test]
    public async Task ReserveAsync_DisposedOfWithoutACommit_GivesItsPermitsBack()
    {
        await client.HasPolicyAsync("search", limit: 100);

        await using (await limiter.ReserveAsync(new("alice", "search", Cost: 80)))
        {
            await using var denied = await limiter.ReserveAsync(new("alice", "search", Cost: 21));
            Assert.That((denied.Decision.Allowed, denied.Id), Is.EqualTo((false, (string?)null)));
        }

        Assert.That(await client.RemainingAsync("alice", "search"), Is.EqualTo(100));
    }

    [Test]
    public async Task ReserveAsync_LongerThanItsTimeToLive_IsExtended()
    {
        await client.HasPolicyAsync("search", limit: 100);
        var options = new RateLimitReservationOptions { TimeToLive = TimeSpan.FromSeconds(3) };

        await using var reservation = await limiter.ReserveAsync(
            new("alice", "search", Cost: 80),
            options
        );
        var first = (await limiter.Api.ListReservationsAsync("search", "alice")).Single().ExpiresAt;
        await Poll.UntilAsync(
            "The first time to live does not end.",
            TimeSpan.FromSeconds(30),
            () => Task.FromResult(TimeProvider.System.GetUtcNow() > first)
        );

        Assert.That(await client.RemainingAsync("alice", "search"), Is.EqualTo(20));
        Assert.That(reservation.Lost.IsCancellationRequested, Is.False);
    }

    [Test]
    public async Task ReserveAsync_ReleasedElsewhere_IsLost()
    {
        await client.HasPolicyAsync("search", limit: 100);
        var options = new RateLimitReservationOptions { TimeToLive = TimeSpan.FromSeconds(2) };
        await using var reservation = await limiter.ReserveAsync(
            new("alice", "search", Cost: 80),
            options
        );

        await client.SendAsync(HttpMethod.Delete, $"/reservations/{reservation.Id}");

        await Poll.UntilAsync(
            "The holder is not told.",
            TimeSpan.FromSeconds(10),
            () => Task.FromResult(reservation.Lost.IsCancellationRequested)
        );
    }

    [Test]
    public void CheckAsync_NoPolicy_ThrowsTheProblem()
    {
        var exception = Assert.ThrowsAsync<RateLimiterApiException>(() =>
            limiter.CheckAsync("alice", "nowhere")
        );

        Assert.That(exception.StatusCode, Is.EqualTo(404));
        Assert.That(exception.Problem!.Detail, Does.Contain("No policy applies"));
        Assert.That(exception.Problem.TraceId, Has.Length.EqualTo(32));
    }

    [Test]
    public async Task AnyFigures_OfABucket_AreOfItsCapacity()
    {
        await limiter.Api.SavePolicyAsync(
            new SavePolicyRequest
            {
                RouteKey = "mail",
                Limit = 24,
                WindowSeconds = 86400,
                Algorithm = Algorithm.TokenBucket,
                Burst = 5,
            }
        );

        var decision = await limiter.CheckAsync("alice", "mail");
        var batched = (await limiter.CheckBatchAsync([new("alice", "mail")]))[0].Decision!;
        var usage = await limiter.GetUsageAsync("alice", "mail");
        var logged = await limiter.Api.GetLatestLogsAsync();

        using (Assert.EnterMultipleScope())
        {
            Assert.That((decision.Capacity, decision.Remaining), Is.EqualTo((5, 4)));
            Assert.That((batched.Capacity, batched.Remaining), Is.EqualTo((5, 3)));
            Assert.That((usage.Capacity, usage.Used, usage.Remaining), Is.EqualTo((5, 2, 3)));
            Assert.That(
                usage.Limits.Select(it => (it.Limit, it.Capacity, it.Used, it.Remaining)),
                Is.EqualTo(new[] { (24, 5, 2, 3) })
            );
            Assert.That(
                logged.Select(it => (it.Limit, it.Capacity, it.Remaining)),
                Is.EqualTo(new[] { (24, (long?)5, 3), (24, 5, 4) })
            );
        }
    }

    [Test]
    public async Task ServiceRateLimiter_NoPermits_FailsWhenNothingIsLeftAndTakesNothing()
    {
        await client.HasPolicyAsync("search", limit: 2);
        await using var alices = new ServiceRateLimiter(limiter, "alice", "search");

        List<bool> acquired = [];
        foreach (var permits in new[] { 0, 1, 0, 1, 0 })
        {
            using var lease = await alices.AcquireAsync(permits);
            acquired.Add(lease.IsAcquired);
        }

        await limiter.RefundAsync("alice", "search");
        using var after = await alices.AcquireAsync(0);

        Assert.That(acquired, Is.EqualTo(new[] { true, true, true, true, false }));
        Assert.That(after.IsAcquired, Is.True);
    }

    [Test]
    public async Task CheckBatchAsync_FaultyItem_HasTheProblemInItsPlace()
    {
        await client.HasPolicyAsync("search", limit: 10);

        var results = await limiter.CheckBatchAsync([
            new("alice", "search", Cost: 3),
            new("alice", "search", Cost: -1),
            new("alice", "nowhere"),
        ]);

        Assert.That(results[0].Decision!.Remaining, Is.EqualTo(7));
        Assert.That(results[1].Problem!.Errors!["cost"], Has.Count.EqualTo(1));
        Assert.That(results[2].Problem!.Status, Is.EqualTo(404));
    }

    [Test]
    public async Task Api_PolicyWithEverything_ComesBackAsItWasSaved()
    {
        var saved = await limiter.Api.SavePolicyAsync(
            new SavePolicyRequest
            {
                RouteKey = "mail",
                Limit = 24,
                WindowSeconds = 86400,
                Algorithm = Algorithm.TokenBucket,
                Burst = 5,
                IsActive = false,
            }
        );

        var listed = await limiter.Api.ListPoliciesAsync(routeKey: "mail");

        var policy = listed.Result.Single();
        Assert.That(policy.Algorithm, Is.EqualTo(Algorithm.TokenBucket));
        Assert.That((policy.Burst, policy.IsActive), Is.EqualTo((5, false)));
        Assert.That(policy.CreatedAt, Is.EqualTo(saved.Result.Policy.CreatedAt));
        Assert.That(saved.Headers["ETag"].Single(), Is.Not.Empty);
    }

    [Test]
    public async Task Api_DeletesClient_IsASuccess()
    {
        var deleted = await limiter.Api.DeleteClientAsync();

        Assert.That(deleted.Deleted, Is.Not.Null);
    }

    [Test]
    public async Task ResetAsync_AfterADenial_AllowsAtOnce()
    {
        await client.HasPolicyAsync("search", limit: 1);
        await limiter.CheckAsync("alice", "search");
        await limiter.CheckAsync("alice", "search");
        var local = await limiter.CheckAsync("alice", "search");

        await limiter.ResetAsync("alice", "search");
        var decision = await limiter.CheckAsync("alice", "search");

        Assert.That((local.Allowed, local.IsLocal), Is.EqualTo((false, true)));
        Assert.That(decision.Allowed, Is.True);
    }

    [Test]
    public async Task Api_ExportsTheAudit_AsAStreamOfLines()
    {
        await client.HasPolicyAsync("search", limit: 1);

        using var export = await limiter.Api.ExportAuditAsync();
        using var reader = new StreamReader(export.Stream);

        Assert.That(await reader.ReadToEndAsync(), Does.Contain("\"search\""));
    }

    [Test]
    public async Task GeneratedCode_OfTheServedDocument_IsWhatIsCommitted()
    {
        using var http = new HttpClient { BaseAddress = service.Address };
        var document = await http.GetStringAsync("/openapi.json");

        var text = await CSharpClient.WriteAsync(document);

        Assert.That(
            text,
            Is.EqualTo(await File.ReadAllTextAsync(RepositoryFile.Of(CSharpClient.Path))),
            "Run: dotnet run --project tools/RateLimiter.Clients"
        );
    }

    private static ServiceProvider Services(TestClient client, Service service)
    {
        var services = new ServiceCollection();
        services.AddRateLimiterClient(options =>
        {
            options.BaseAddress = service.Address;
            options.ApiKey = client.Key;
            options.Timeout = options.AttemptTimeout = TimeSpan.FromSeconds(30);
        });
        return services.BuildServiceProvider();
    }
}
