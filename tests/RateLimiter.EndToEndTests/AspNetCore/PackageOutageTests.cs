using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.Logging;
using RateLimiter.TestStores;
using RateLimiting.AspNetCore;

namespace RateLimiter.EndToEndTests.AspNetCore;

/// <summary>
/// The responses to users of an app with the packages, and the log of the app, while the service or its store is
/// unavailable.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PackageOutageTests : IAsyncDisposable
{
    private const string Open = "fails-open";
    private const string Closed = "fails-closed";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly string address = $"http://127.0.0.1:{RedisServer.FreePort()}";
    private StoreHost host = null!;
    private Service service = null!;
    private TestClient client = null!;
    private PackageApp? app;

    [SetUp]
    public async Task StartAsync()
    {
        host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        service = await ServeAsync();
        client = await TestClient.RegisterAsync(service);
    }

    public async ValueTask DisposeAsync()
    {
        if (app is not null)
        {
            await app.DisposeAsync();
        }

        await host.DisposeAsync();
    }

    [Test]
    [Contract(
        "RateLimiter.AspNetCore: silent in normal operation, one line when the service becomes unavailable, one when it is available again"
    )]
    public async Task Request_ServiceGoesAwayAndComesBack_IsOneLineEach()
    {
        await StartAppAsync("allow", limit: 1_000_000);

        var answers = await app!.GetManyAsync(Open);
        Assert.That(answers.Select(it => it.Status), Is.All.EqualTo(200));
        Assert.That(app.Lines, Is.Empty);

        await service.DisposeAsync();
        var open = await app.GetManyAsync(Open);
        var closed = await app.GetManyAsync(Closed);
        var duringOutage = app.Lines;

        service = await ServeAsync();
        await Poll.UntilAsync(
            "The app does not reach the service.",
            Soon,
            async () => (await app.GetAsync(Open)).Headers.ContainsKey("RateLimit")
        );
        await app.GetManyAsync(Open);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(open.Select(it => it.Status), Is.All.EqualTo(200));
            Assert.That(closed.Select(it => it.Status), Is.All.EqualTo(503));
            MustTellNoDenial(closed[0]);
            Assert.That(
                app.Lines.Select(line => line.Level),
                Is.EqualTo(new[] { LogLevel.Warning, LogLevel.Information }),
                string.Join('\n', app.Lines)
            );
            Assert.That(duringOutage, Has.Count.EqualTo(1));
            Assert.That(duringOutage[0].Exception, Is.Null);
            Assert.That(duringOutage[0].Message, Does.Not.Contain('\n'));
        }
    }

    [Test]
    [Contract(
        "RateLimiter.AspNetCore: a denial caused by an outage is a 503 with Retry-After, without figures and internals"
    )]
    public async Task Request_StoreUnavailableAndThePolicyDenies_Is503AndNotTooMany()
    {
        await StartAppAsync("deny", limit: 1_000_000);
        await LoseTheStoreAsync();

        MustTellNoDenial(await app!.GetAsync(Open));
        MustTellNoDenial(await app.GetAsync(Closed));
        Assert.That(app.Lines, Is.Empty, "The service is there.");
    }

    [Test]
    [Contract(
        "RateLimiter.AspNetCore: passed requests have the RateLimit headers, where a counter has decided"
    )]
    public async Task Request_StoreUnavailableAndThePolicyAllows_PassesWithoutFigures()
    {
        await StartAppAsync("allow", limit: 2);
        await LoseTheStoreAsync();

        for (var i = 0; i < 5; i++)
        {
            var passed = (await app!.GetAsync(Open)).MustBeOk();
            Assert.That(passed.Headers, Does.Not.ContainKey("RateLimit"));
            Assert.That(passed.Headers, Does.Not.ContainKey("RateLimit-Policy"));
        }
    }

    [Test]
    public async Task Request_StoreUnavailableAndThePolicyCountsHere_IsLimitedWithWhatIsCounted()
    {
        await StartAppAsync("local", limit: 2);
        await LoseTheStoreAsync();

        var answers = new[]
        {
            await app!.GetAsync(Open),
            await app.GetAsync(Open),
            await app.GetAsync(Open),
        };

        Assert.That(answers.Select(it => it.Status), Is.EqualTo(new[] { 200, 200, 429 }));
        Assert.That(
            answers.Select(it => it.Headers["RateLimit"].Split(';')[1]),
            Is.EqualTo(new[] { "r=1", "r=0", "r=0" })
        );
    }

    [Test]
    [Contract(
        "RateLimiter.AspNetCore: a request under two policies returns the endpoint's limit, and logs nothing"
    )]
    public async Task Request_UnderTwoPolicies_TellsThatOfTheEndpoint()
    {
        await client.HasPolicyAsync("all", 100);
        await client.HasPolicyAsync("r", 1);
        app = await PackageApp.StartAsync(
            service,
            client,
            options => options.UseServiceForAllRequests("all").AddServicePolicy(Open, "r"),
            Open
        );

        var passed = (await app.GetAsync(Open)).MustBeOk();
        var denied = await app.GetAsync(Open);
        var elsewhere = await app.GetAsync("elsewhere");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(passed.Headers["RateLimit-Policy"], Is.EqualTo("\"default\";q=1"));
            denied.MustBeStatus(429);
            Assert.That(denied.Headers["RateLimit"], Does.StartWith("\"default\";r=0;t="));
            Assert.That(denied["detail"].GetString(), Is.EqualTo("Rate limit exceeded"));
            Assert.That(elsewhere.MustBeStatus(404).Headers["RateLimit"], Does.Contain(";r=97;"));
            Assert.That(app.Lines, Is.Empty);
        }
    }

    private static void MustTellNoDenial(Answer answer)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.Status, Is.EqualTo(503));
            Assert.That(answer.Headers["Retry-After"], Is.EqualTo("1"));
            Assert.That(answer.Headers, Does.Not.ContainKey("RateLimit"));
            Assert.That(answer.Headers, Does.Not.ContainKey("RateLimit-Policy"));
            Assert.That(answer.ContentType, Is.EqualTo("application/problem+json"));
            Assert.That(
                answer.Text,
                Does.Not.Contain("store").IgnoreCase.And.Not.Contain("polic").IgnoreCase
            );
        }
    }

    private async Task StartAppAsync(string onStoreFailure, int limit)
    {
        (
            await client.PostAsync(
                "/policy",
                $$"""{"route_key":"r","limit":{{limit}},"window_seconds":3600,"on_store_failure":"{{onStoreFailure}}"}"""
            )
        ).MustBeOk();
        app = await PackageApp.StartAsync(
            service,
            client,
            options =>
                options
                    .AddServicePolicy(Open, "r")
                    .AddServicePolicy(Closed, "r", onFailure: FailureMode.Deny),
            Open,
            Closed
        );
    }

    private async Task LoseTheStoreAsync()
    {
        await client.CheckAsync("u", "r", cost: 0);
        await host.Redis.KillAsync();
        await Poll.UntilAsync(
            "The service does not detect the outage of its store.",
            Soon,
            async () => (await client.CheckAsync("u", "r", cost: 0)).MustBeOk().IsDegraded
        );
    }

    /// <summary>At its previous address, so that the app finds it again.</summary>
    private Task<Service> ServeAsync() =>
        host.ServeAsync(SharedServices.Patient, SharedServices.Open, ("ASPNETCORE_URLS", address));
}
