namespace RateLimiter.EndToEndTests.Gateway;

/// <summary>
/// The responses to end users, and those of the service itself, while its store is unavailable: a denial caused by the
/// outage does not look like a reached limit.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class GatewayOutageTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromSeconds(20);

    // The route key of the samples is "api".
    private static readonly (string Route, string OnStoreFailure)[] Policies =
    [
        ("api", "deny"),
        ("fails-open", "allow"),
        ("fails-local", "local"),
        ("blocked", "deny"),
    ];

    private readonly List<IAsyncDisposable> started = [];
    private StoreHost host = null!;
    private Service service = null!;
    private TestClient client = null!;
    private Backend backend = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        backend = await Backend.StartAsync();
        started.Add(backend);
        host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        started.Add(host);
        service = await host.ServeAsync(SharedServices.BehindProxy);
        client = await TestClient.RegisterAsync(service);
        foreach (var (route, onStoreFailure) in Policies)
        {
            (
                await client.PostAsync(
                    "/policy",
                    $$"""{"route_key":"{{route}}","limit":{{(
                        route == "blocked" ? 0 : 2
                    )}},"window_seconds":3600,"on_store_failure":"{{onStoreFailure}}"}"""
                )
            ).MustBeOk();
        }

        await client.CheckAsync("u", "api", cost: 0);
        await host.Redis.KillAsync();
        await Poll.UntilAsync(
            "The service does not detect the outage of its store.",
            Soon,
            async () => (await client.CheckAsync("u", "api", cost: 0)).MustBeOk().IsDegraded
        );
    }

    [OneTimeTearDown]
    public async Task StopAsync()
    {
        foreach (var it in Enumerable.Reverse(started))
        {
            await it.DisposeAsync();
        }
    }

    [TestCase("")]
    [TestCase("?deny_status=403")]
    [TestCase("?deny_status=429&no_policy=allow")]
    [TestCase("/orders/5")]
    [Contract("ANY /gateway/check: 503 with Retry-After where the policy denies without the store")]
    public async Task GatewayCheck_PolicyFailsClosed_IsNoDenial(string question) =>
        MustTellNoDenial(await AskAsync(question, "api"));

    [Test]
    [Contract("ANY /gateway/check: without the store and allowed, no figures")]
    public async Task GatewayCheck_PolicyFailsOpen_PassesWithoutFigures()
    {
        var answer = await AskAsync("", "fails-open");

        Assert.That(answer.MustBeStatus(204).Headers, Does.Not.ContainKey("RateLimit"));
    }

    [Test]
    public async Task GatewayCheck_PolicyFailsLocal_CountsAndDenies()
    {
        var answers = new List<Answer>();
        for (var i = 0; i < 3; i++)
        {
            answers.Add(await AskAsync("?deny_status=403", "fails-local"));
        }

        Assert.That(answers.Select(it => it.Status), Is.EqualTo(new[] { 204, 204, 403 }));
        Assert.That(
            answers.Select(it => it.Headers["RateLimit"].Split(';')[1]),
            Is.EqualTo(new[] { "r=1", "r=0", "r=0" })
        );
    }

    [Test]
    [Contract("ANY /gateway/check: what can never pass is denied, whatever the store does")]
    public async Task GatewayCheck_CanNeverPass_IsADenial()
    {
        var answer = await AskAsync("?deny_status=403", "blocked");

        answer.MustBeProblem(403);
        Assert.That(
            answer.Headers,
            Contains.Key("RateLimit-Policy"),
            "By which nginx detects a denial."
        );
        Assert.That(answer.Headers, Does.Not.ContainKey("Retry-After"));
    }

    [Test]
    [Contract(
        "ANY /gateway/check: 503 with Retry-After when the key cannot be verified without the store"
    )]
    public async Task GatewayCheck_ClientIsNotKnownHere_IsUnavailable()
    {
        // This instance started after the outage, and has no client cached.
        var stranger = client.On(await host.ServeAsync(SharedServices.BehindProxy));

        MustTellNoDenial(await stranger.SendAsync(HttpMethod.Get, "/gateway/check", (string?)null));
    }

    [Test]
    [Contract(
        "POST /check: without the store, a 200 that is degraded and has no figures in its headers"
    )]
    public async Task Check_PolicyFailsClosed_IsADecisionWithoutFigures()
    {
        var answer = (await client.CheckAsync("u", "api")).MustBeOk();

        using (Assert.EnterMultipleScope())
        {
            Assert.That((answer.Allowed, answer.IsDegraded), Is.EqualTo((false, true)));
            Assert.That(answer.Headers["Retry-After"], Is.EqualTo("1"));
            Assert.That(answer.Headers, Does.Not.ContainKey("RateLimit"));
            Assert.That(answer.Headers, Does.Not.ContainKey("RateLimit-Policy"));
        }
    }

    [Test]
    public async Task Gateway_PolicyFailsClosed_UserIsToldToComeAgain([Values] GatewayKind gateway)
    {
        await using var proxy = await ProxyAsync(gateway);

        MustTellNoDenial(await GetAsync(proxy, $"/{gateway}"));

        Assert.That(backend.RequestsOf($"/{gateway}"), Is.Empty);
    }

    [Test]
    [Contract(
        "Samples: fail open applies to an outage of the service, not to a policy that fails closed"
    )]
    public async Task Gateway_PolicyFailsClosedAndTheGatewayOpen_DoesNotPass(
        [Values] GatewayKind gateway
    )
    {
        await using var proxy = await ProxyAsync(gateway, GatewaySample.FailsOpen);

        MustTellNoDenial(await GetAsync(proxy, $"/{gateway}-open"));

        Assert.That(backend.RequestsOf($"/{gateway}-open"), Is.Empty);
    }

    [Test]
    public async Task Gateway_CanNeverPass_UserIsDenied([Values] GatewayKind gateway)
    {
        await using var proxy = await ProxyAsync(
            gateway,
            ("set $ratelimit_route api;", "set $ratelimit_route blocked;"),
            ("X-RateLimit-Route api", "X-RateLimit-Route blocked")
        );

        var answer = await GetAsync(proxy, "/");

        Assert.That(answer.Status, Is.EqualTo(429));
        Assert.That(answer.Headers, Contains.Key("RateLimit-Policy"));
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

    private Task<Answer> AskAsync(string question, string route) =>
        client.SendAsync(
            HttpMethod.Get,
            $"/gateway/check{question}",
            (string?)null,
            ("X-RateLimit-Route", route),
            ("X-RateLimit-User", "alice")
        );

    private Task<ProxyProcess> ProxyAsync(
        GatewayKind gateway,
        params (string Old, string New)[] changes
    ) => GatewaySample.StartAsync(gateway, service.Address.Authority, client.Key, backend, changes);

    private static async Task<Answer> GetAsync(ProxyProcess proxy, string path)
    {
        using var user = new HttpClient();
        using var response = await user.GetAsync(new Uri(proxy.Address, path));
        return await Answer.ReadAsync(response);
    }
}
