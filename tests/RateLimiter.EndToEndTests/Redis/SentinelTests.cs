using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Redis;

/// <summary>A Redis with replicas, whose master the service learns from sentinels.</summary>
[TestFixture]
[NonParallelizable]
public sealed class SentinelTests
{
    private const long Limit = 1_000_000;

    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(15);

    [Test]
    public async Task Check_200InParallelOnTwoInstances_AllowsExactlyTheLimit()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await using var host = StoreHost.Of(sentinel.ConnectionString);
        var here = await TestClient.RegisterAsync(await ServeAsync(host));
        await here.HasPolicyAsync("r", 10);
        var there = await here.OnceOnAsync(await ServeAsync(host));

        await TwoInstances.MustAllowExactlyTenAsync(here, there);
    }

    [Test]
    [Contract("Sentinels with another password, user or TLS than the data")]
    public async Task Sentinels_WithAnotherUserPasswordAndTls_AreAskedAsTheyWant()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        using var folder = new TemporaryFolder();
        var port = RedisServer.FreePort();
        var (root, options) = TestTls.Serve(folder.Path, port);
        var asked = sentinel.Sentinels[0];
        await asked.KillAsync();
        await asked.RunAsync(options);
        await asked.AskAsync("ACL", "SETUSER", "watcher", "on", ">w", "+@all", "&*");
        await asked.AskAsync("ACL", "SETUSER", "default", "off");
        await (await sentinel.MasterAsync(sentinel.Sentinels[1])).AskAsync([
            "ACL",
            "SETUSER",
            "app",
            "on",
            ">a",
            "+@all",
            "~*",
            "&*",
        ]);
        var address = $"redis://app:a@localhost:{port},serviceName=mymaster";
        await using var right = StoreHost.Of($"{address},sentinelUser=watcher,sentinelPassword=w");
        await using var wrong = StoreHost.Of(address);
        (string, string)[] tls = [("SSL_CERT_FILE", root), ("Redis__SentinelTls", "true")];

        (await new ApiClient(await right.ServeAloneAsync(tls)).RegisterAsync("x")).MustBeOk();
        var refused = await wrong.ServeAloneAsync(tls);

        await Poll.UntilAsync(
            "It does not log why.",
            Recovered,
            () =>
                Task.FromResult(
                    refused.Output.Contains(
                        "no sentinel says where it is (the user name or the password",
                        StringComparison.Ordinal
                    )
                )
        );
    }

    [Test]
    public async Task Sentinels_ComeAfterTheService_AreFound()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await sentinel.KillAsync();
        await using var host = StoreHost.Of(sentinel.ConnectionString);
        var visitor = new ApiClient(await ServeAsync(host));
        (await visitor.RegisterAsync("x")).MustBeProblem(503);
        (await visitor.GetAsync("/health/live")).MustBeOk();
        Assert.That((await visitor.GetAsync("/health/ready")).Status, Is.EqualTo(503));

        await sentinel.RunAsync();

        await Poll.UntilAsync(
            "The service does not connect to its store.",
            Recovered,
            async () => (await visitor.RegisterAsync("x")).Status == 200
        );
        await Poll.UntilAsync(
            "The service does not become ready.",
            Recovered,
            async () => (await visitor.GetAsync("/health/ready")).Status == 200
        );
    }

    [Test]
    public async Task Master_KilledUnderLoad_IsReplacedAndFoundAgain()
    {
        // On a starved machine the sentinels may declare the new master down too. Permits lost then are not the old
        // master's.
        for (var attempt = 1; !await IsReplacedOnceAsync(); attempt++)
        {
            Assert.That(attempt, Is.LessThan(3), "The master was replaced more than once.");
        }
    }

    private static async Task<bool> IsReplacedOnceAsync()
    {
        await using var sentinel = await RedisSentinel.StartAsync();
        await using var host = StoreHost.Of(sentinel.ConnectionString);
        var first = await ServeAsync(host);
        var here = await TestClient.RegisterAsync(first);
        await here.HasPolicyAsync("r", Limit);
        var second = await ServeAsync(host);
        var there = await here.OnceOnAsync(second);
        string[] users = [.. Enumerable.Range(0, 10).Select(i => $"user-{i}")];

        await using var callers = new Callers([here, there], users);
        await callers.GoOnForAsync(10 * users.Length);
        var gone = await sentinel.KillMasterAsync();
        var replaced = await sentinel.WaitForFailoverAsync(gone);
        var recovered = await DecidesAgainAsync(here) + await DecidesAgainAsync(there);
        var outage = await callers.StopAsync();
        var epoch = await sentinel.FindEpochAsync();

        Assert.That(await there.PoliciesAsync(), Has.Count.EqualTo(1));
        await here.HasPolicyAsync("s", 10);
        var lost = await LostAsync(outage);

        await TestContext.Out.WriteLineAsync(
            $"Failover {replaced.TotalSeconds:F1} s, decided {recovered.TotalSeconds:F1} s later. "
                + $"{outage.Count(call => !call.IsDecided)} of {outage.Count} checks were not decided. "
                + $"{lost} of {outage.Count(call => call.IsTaken)} permits were lost."
        );

        // The old master considers itself a master until a sentinel reconfigures it. The service must not use it.
        await using var later = new Callers([here, there], users);
        await sentinel.RestartAsync(gone);
        await later.GoOnForAsync(20 * users.Length);
        var calls = await later.StopAsync();
        // The client needs a moment to discover the roles.
        List<Callers.Response> settling = [];
        await Poll.UntilAsync(
            "Not everything is decided.",
            Recovered,
            async () =>
            {
                await using var last = new Callers([here, there], users);
                await last.GoOnForAsync(10 * users.Length);
                var round = await last.StopAsync();
                settling.AddRange(round);
                return round.All(call => call.IsDecided);
            }
        );

        if (await sentinel.FindEpochAsync() != epoch)
        {
            return false;
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                outage.Select(call => call.Answer.Status),
                Has.All.EqualTo(200).Or.EqualTo(503)
            );
            Assert.That(
                await LostAsync([.. outage, .. calls, .. settling]),
                Is.LessThanOrEqualTo(lost),
                "The old master was used."
            );
            Assert.That(first.Output + second.Output, Does.Not.Contain("READONLY"));
        }

        return true;

        async Task<long> LostAsync(IReadOnlyList<Callers.Response> calls)
        {
            var lost = 0L;
            foreach (var user in users)
            {
                var taken = calls.Count(call => call.User == user && call.IsTaken);
                lost += Math.Max(0, taken - (Limit - await there.RemainingAsync(user, "r")));
            }

            return lost;
        }
    }

    private static Task<Service> ServeAsync(StoreHost host) =>
        host.ServeAsync(SharedServices.Open, ("Store__TimeoutMs", "500"));

    private static Task<TimeSpan> DecidesAgainAsync(TestClient client) =>
        Poll.UntilAsync(
            "The service does not reconnect to its store.",
            Recovered,
            async () =>
                (await client.CheckAsync("user-0", "r", cost: 0))
                    is { Status: 200, IsDegraded: false }
        );
}
