using System.Diagnostics;
using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.EndToEndTests.Redis;

/// <summary>
/// Those of the <c>SeedFaultTests</c> that read or monitor the store. On a real Redis only: only the service itself
/// can connect to the embedded store, and both are used by the same code.
/// </summary>
[TestFixture]
public sealed class SeedFaultInStoreTests
{
    [Test]
    public async Task CounterLeftWithoutExpiry_AfterChecksAndRegistrations_EveryCounterExpires()
    {
        var (host, service) = await SharedServices.BehindProxyOfAsync(Store.Redis);
        var caller = Addresses.NewIPv4();
        var client = await TestClient.RegisterAsync(service, caller);
        await client.HasPolicyAsync("r", 10, windowSeconds: 60);
        await Task.WhenAll(
            Enumerable.Range(0, 50).Select(i => client.CheckAsync($"user-{i % 5}", "r"))
        );

        await using var redis = await ConnectAsync(host.Redis);
        var counters = Keys(redis)
            .Where(key =>
                key.Contains($"{client.Id}:", StringComparison.Ordinal)
                    && key.Contains("user-", StringComparison.Ordinal)
                || key.Contains(caller, StringComparison.Ordinal)
            )
            .ToList();

        // Five users and the caller.
        Assert.That(counters, Has.Count.EqualTo(6));
        foreach (var counter in counters)
        {
            Assert.That(
                await redis.GetDatabase().KeyTimeToLiveAsync(counter),
                Is.Not.Null.And.InRange(TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(61)),
                counter
            );
        }
    }

    [Test]
    public async Task KeysInClearInTheStore_AfterEveryKindOfUse_NoKeyIsAnywhere()
    {
        var (host, service) = await SharedServices.OfAsync(Store.Redis);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);
        await client.CheckAsync("u", "r");
        await client.LogsAsync();
        await new ApiClient(service).SendAsync(
            HttpMethod.Get,
            "/policy",
            null as string,
            ("X-API-Key", client.Key + "x")
        );
        var secret = client.Key.Split('_')[^1];

        await using var redis = await ConnectAsync(host.Redis);
        var names = Keys(redis).ToList();
        var own = names.Where(key => key.Contains(client.Id, StringComparison.Ordinal)).ToList();
        var values = await Task.WhenAll(own.Select(key => redis.GetDatabase().KeyDumpAsync(key)));

        Assert.That(names, Has.None.Contains(secret));
        // The registry, the keys, the policies and their history, the audit trail, the log and the counter. Analytics are
        // written later.
        Assert.That(
            own.Where(key => !key.Contains(":analytics:", StringComparison.Ordinal)).ToList(),
            Has.Count.EqualTo(7)
        );
        Assert.That(
            values.Select(value => System.Text.Encoding.Latin1.GetString(value!)),
            Has.None.Contains(secret)
        );
        Assert.That(service.Output, Does.Not.Contain(secret));
    }

    [Test]
    public async Task StoreFaultGivingARaw500_StoreAnswersWithAnError_AnswersWithoutTheStore()
    {
        var (host, service) = await SharedServices.OfAsync(Store.Redis);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);
        await client.CheckAsync("u", "r");
        await using var redis = await ConnectAsync(host.Redis);
        var counter = Keys(redis)
            .Single(key => key.Contains($"{client.Id}:", StringComparison.Ordinal));
        await redis.GetDatabase().KeyDeleteAsync(counter);
        await redis.GetDatabase().ListLeftPushAsync(counter, "no counter");

        List<Answer> answers = [];
        for (var i = 0; i <= 10; i++)
        {
            answers.Add(await client.CheckAsync("u", "r"));
        }

        // The policy does not set on_store_failure, so that Store:OnFailure applies, which is local: this instance counts to
        // the limit by itself.
        Assert.That(
            answers.Select(answer => (answer.MustBeOk()["degraded"].GetBoolean(), answer.Allowed)),
            Is.EqualTo(Enumerable.Repeat((true, true), 10).Append((true, false)))
        );
        Assert.That(answers[^1].Headers, Contains.Key("Retry-After"));
        var usage = await client.GetAsync("/usage?route_key=r&user_id=u");
        usage.MustBeProblem(503);
    }

    [Test]
    public async Task SixOrSevenRoundTripsPerCheck_200WarmChecks_CostOneEach()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var client = await TestClient.RegisterAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );
        await client.HasPolicyAsync("r", 1000);
        await client.CheckAsync("u", "r");
        await client.LogsAsync();
        // The store gets each script in full once.
        (await client.GetAsync("/analytics/summary")).MustBeOk();
        using var monitor = await CommandMonitor.StartAsync(host.Redis);
        var clock = Stopwatch.StartNew();

        for (var i = 0; i < 200; i++)
        {
            (await client.CheckAsync("u", "r")).MustBeOk();
        }

        var seconds = clock.Elapsed.TotalSeconds;
        var commands = await monitor.StopAsync();
        var scripts = commands
            .Where(command => command.StartsWith("\"EVALSHA\"", StringComparison.Ordinal))
            .ToList();
        var appends = scripts.Count(script => script.Contains(":log\"", StringComparison.Ordinal));
        var others = commands.Except(scripts).ToList();
        var counts = scripts.Count(script =>
            script.Contains(":analytics:", StringComparison.Ordinal)
        );
        Assert.That(scripts, Has.Count.EqualTo(200 + appends + counts));
        // The log is written outside the check's path, all decisions of a tenth of a second together.
        Assert.That(appends, Is.LessThanOrEqualTo(10 * seconds + 2));
        // And so are the counts, once a second.
        Assert.That(counts, Is.LessThanOrEqualTo(seconds + 2));
        // The client's version is read again about twice a second.
        Assert.That(others, Has.Count.LessThanOrEqualTo(2 * seconds + 2));
        // A periodic job looks for incomplete deletions.
        Assert.That(
            others.Where(command => !command.Contains("rl:deletions", StringComparison.Ordinal)),
            Has.All.Contains("\"HGET\"").And.All.Contains("\"version\"")
        );
    }

    [Test]
    public async Task PoliciesListedByScanning_ListAmongManyOthers_ReadsOneHash()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var client = await TestClient.RegisterAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );
        await client.HasPolicyAsync("r", 1000);
        await client.HasPolicyAsync("s", 1000);
        await client.PoliciesAsync();
        using var monitor = await CommandMonitor.StartAsync(host.Redis);

        Assert.That(await client.PoliciesAsync(), Has.Count.EqualTo(2));

        var commands = (await monitor.StopAsync())
            .Where(command =>
                command.Contains("\"policies_version\"", StringComparison.Ordinal)
                || !command.Contains("\"version\"", StringComparison.Ordinal)
            )
            .ToList();
        // The policies and the numbers of deleted ones, of one version. A connection may select its database first.
        var ofClient = commands.Where(command =>
            command.Contains(client.Id, StringComparison.Ordinal)
        );
        Assert.That(ofClient.Select(NameOf), Is.EqualTo(["HMGET", "HSCAN", "HSCAN", "HGET"]));
        Assert.That(commands.Except(ofClient).Select(NameOf), Is.SubsetOf(["SELECT"]));

        static string NameOf(string command) => command.Split(' ')[0].Trim('"');
    }

    /// <summary>Needs no Redis, which is what it verifies.</summary>
    [Test]
    public async Task StartUpDyingWithoutRedis_NoRedisThere_StartsAndAnswers503()
    {
        using var folder = new TemporaryFolder();
        await using var service = await Service.StartAsync(
            folder.Path,
            ("REDIS_HOST", "127.0.0.1"),
            ("REDIS_PORT", $"{RedisServer.FreePort()}")
        );

        var answer = await new ApiClient(service).RegisterAsync("x");

        answer.MustBeProblem(503);
        Assert.That(answer.Headers, Contains.Key("Retry-After"));
    }

    private static Task<ConnectionMultiplexer> ConnectAsync(RedisServer redis) =>
        ConnectionMultiplexer.ConnectAsync(redis.ConnectionString);

    private static IEnumerable<string> Keys(ConnectionMultiplexer redis) =>
        redis.GetServers().Single().Keys(pageSize: 1000).Select(key => key.ToString());
}
