using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.RateLimiting;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace RateLimiter.EndToEndTests.AspNetCore;

/// <summary>An app whose requests hold the only slot of a user. No kind of end leaves it taken.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class PackageReservationTests : IAsyncDisposable
{
    private const string Model = "model";
    private const string Other = "other";
    private const string OneSlot = """{"limit":1,"algorithm":"concurrency"}""";

    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    private readonly TaskCompletionSource answer = new(
        TaskCreationOptions.RunContinuationsAsynchronously
    );
    private Service service = null!;
    private TestClient client = null!;
    private PackageApp? app;

    [SetUp]
    public async Task StartAsync()
    {
        service = (await SharedServices.OfAsync(Store.Embedded)).Service;
        client = await TestClient.RegisterAsync(service);
    }

    public async ValueTask DisposeAsync()
    {
        answer.TrySetResult();
        if (app is not null)
        {
            await app.DisposeAsync();
        }
    }

    [Test]
    public async Task Request_Answered_FreesItsSlotAndStaysCharged()
    {
        await HasLimitsAsync(
            $$"""{{OneSlot}},{"name":"hourly","limit":10,"window_seconds":3600}"""
        );
        await StartAppAsync(_ => Task.CompletedTask);

        for (var i = 0; i < 3; i++)
        {
            // One connection, so that the next request comes after the settlement.
            (await app!.GetAsync(Model)).MustBeOk();
        }

        await MustBecomeFreeAsync();
        Assert.That(await UsedAsync("hourly"), Is.EqualTo(3));
    }

    [Test]
    public async Task Request_Fails_FreesItsSlot()
    {
        await HasLimitsAsync(OneSlot);
        await StartAppAsync(_ => throw new InvalidOperationException("The model fails."));

        (await app!.GetAsync(Model)).MustBeStatus(500);

        await MustBecomeFreeAsync();
    }

    [Test]
    public async Task Request_ClientGone_FreesItsSlot()
    {
        await HasLimitsAsync(OneSlot);
        await StartAppAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var gone = new CancellationTokenSource();

        var request = app!.GetAsync(Model, gone.Token);
        await MustBecomeTakenAsync();
        await gone.CancelAsync();
        Assert.CatchAsync<OperationCanceledException>(async () => await request);

        await MustBecomeFreeAsync();
    }

    [Test]
    public async Task Request_Denied_TakesNoSlot()
    {
        await HasLimitsAsync(OneSlot);
        await StartAppAsync(_ => answer.Task);

        var first = app!.GetAsync(Model);
        await MustBecomeTakenAsync();
        var denied = await app.GetAsync(Model);
        answer.SetResult();

        (await first).MustBeOk();
        denied.MustBeStatus(429);
        await MustBecomeFreeAsync();
    }

    [Test]
    public async Task Request_DeniedByItsEndpoint_FreesTheSlotOfAllRequests()
    {
        await HasLimitsAsync(OneSlot);
        await client.HasPolicyAsync(Other, limit: 1);
        app = await PackageApp.StartAsync(
            service,
            client,
            options =>
                options
                    .UseServiceForAllRequests(Model, user: _ => "alice", reservation: new())
                    .AddServicePolicy(Other, Other),
            Other
        );

        var passed = await app.GetAsync(Other);
        var denied = await app.GetAsync(Other);

        passed.MustBeOk();
        denied.MustBeStatus(429);
        Assert.That(denied.Headers["RateLimit-Policy"], Does.StartWith("\"default\";"));
        await MustBecomeFreeAsync();
    }

    [Test]
    public async Task Host_Stops_AfterTheSlotsOfItsRequestsAreFree()
    {
        await HasLimitsAsync(OneSlot);
        await StartAppAsync(context =>
        {
            context
                .RequestServices.GetRequiredService<IHostApplicationLifetime>()
                .ApplicationStopping.Register(answer.SetResult);
            return answer.Task;
        });

        var request = app!.GetAsync(Model);
        await MustBecomeTakenAsync();
        await app.StopAsync();

        Assert.That(await UsedAsync("concurrency"), Is.Zero, "Not polled: the process may end.");
        (await request).MustBeOk();
    }

    [Test]
    public async Task Request_WithoutReservation_PassesAndLogsWhatToCall()
    {
        await HasLimitsAsync(OneSlot);
        app = await PackageApp.StartAsync(
            service,
            client,
            options => options.AddServicePolicy(Model, Model),
            Model
        );

        (await app.GetAsync(Model)).MustBeOk();

        Assert.That(app.Lines.Single().Message, Does.Contain("call POST /reservations instead"));
    }

    private async Task HasLimitsAsync(string limits) =>
        (
            await client.PostAsync("/policy", $$"""{"route_key":"model","limits":[{{limits}}]}""")
        ).MustBeOk();

    private async Task StartAppAsync(RequestDelegate endpoint) =>
        app = await PackageApp.StartAsync(
            service,
            client,
            options =>
                options.AddServicePolicy(Model, Model, user: _ => "alice", reservation: new()),
            endpoint,
            connection => connection.AddHttpMessageHandler(() => new SlowCommits()),
            Model
        );

    private async Task MustBecomeTakenAsync() =>
        await Poll.UntilAsync(
            "The request takes no slot.",
            Soon,
            async () => await UsedAsync("concurrency") == 1
        );

    private async Task MustBecomeFreeAsync() =>
        await Poll.UntilAsync(
            "The slot stays taken.",
            Soon,
            async () => await UsedAsync("concurrency") == 0
        );

    private async Task<long> UsedAsync(string limit) =>
        (await client.GetAsync("/usage?route_key=model&user_id=alice"))
            .MustBeOk()["limits"]
            .EnumerateArray()
            .Single(it => it.GetProperty("name").GetString() == limit)
            .GetProperty("used")
            .GetInt64();

    /// <summary>A network on which each commit arrives long after the response of its request.</summary>
    private sealed class SlowCommits : DelegatingHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(
            HttpRequestMessage request,
            CancellationToken cancellationToken
        )
        {
            if (request.RequestUri!.AbsolutePath.EndsWith("/commit", StringComparison.Ordinal))
            {
                await Task.Delay(TimeSpan.FromMilliseconds(500), cancellationToken);
            }

            return await base.SendAsync(request, cancellationToken);
        }
    }
}
