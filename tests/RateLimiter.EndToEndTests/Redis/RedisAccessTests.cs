using System.Diagnostics;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Redis;

/// <summary>The address and the credentials of a Redis, and the messages when they are wrong.</summary>
[TestFixture]
public sealed class RedisAccessTests
{
    private const string Password = "pa,ss/w=o:rd@99";
    private static readonly string Escaped = Uri.EscapeDataString(Password);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private TemporaryFolder folder = null!;
    private RedisServer redis = null!;

    [SetUp]
    public async Task StartRedisAsync()
    {
        redis = await RedisServer.StartAsync(ownProcess: true);
        folder = new TemporaryFolder();
    }

    [TearDown]
    public async Task StopRedisAsync()
    {
        await redis.DisposeAsync();
        folder.Dispose();
    }

    [Test]
    [Contract(
        "redis://USER:PASSWORD@HOST:PORT/DATABASE names a Redis, and its password is not printed"
    )]
    public async Task Url_WithUserPasswordAndDatabase_IsUsed()
    {
        await AddUserAsync("app", "+@all", "~*", "&*");
        await using var host = StoreHost.Of($"redis://app:{Escaped}@{redis.ConnectionString}/3");

        var service = await host.ServeAsync();
        var client = await TestClient.RegisterAsync(service);

        Assert.That(
            await redis.AskAsync("-n", "3", "EXISTS", $"rl:{{{client.Id}}}:client"),
            Is.EqualTo("1")
        );
        Assert.That(service.Output, Does.Contain($"Store: Redis at {redis.ConnectionString}\n"));
        Assert.That(service.Output, Does.Not.Contain(Password).And.Not.Contain(Escaped));
    }

    [TestCase("defaultDatabase=99", "database 99")]
    [TestCase("defaultDatabase=2147483647", "database 2147483647")]
    [TestCase("defaultDatabase=-1", "defaultDatabase=-1")]
    [Contract("A wrong value stops the start with one line that names the option")]
    public async Task Database_ThatIsNone_EndsWithOneLine(string option, string named)
    {
        await using var host = StoreHost.Of($"{redis.ConnectionString},{option}");

        var refusal = await host.ServeInVainAsync();

        Assert.That(refusal, Does.Contain($"Redis:ConnectionString has {named}"));
    }

    // For such a user the number of databases is unknown before one is selected.
    [TestCase("-config", 99)]
    [TestCase("-select", 3)]
    public async Task Database_ThatCannotBeUsed_IsNotReplacedByAnother(string right, int database)
    {
        await AddUserAsync("app", "+@all", "~*", "&*", "-config", right);
        await using var host = StoreHost.Of(
            $"redis://app:{Escaped}@{redis.ConnectionString}/{database}"
        );

        var refusal = await host.ServeInVainAsync();

        Assert.That(refusal, Does.Contain($"Redis:ConnectionString has database {database}"));
    }

    [TestCase("")]
    [TestCase("wrong")]
    public async Task Password_Wrong_IsSaidAndNotRepeated(string password)
    {
        await redis.AskAsync("CONFIG", "SET", "requirepass", Password);
        await using var host = StoreHost.Of(
            password.Length == 0
                ? redis.ConnectionString
                : $"redis://:{password}-{Escaped}@{redis.ConnectionString}"
        );

        var service = await host.ServeAsync();

        await MustSayAsync(
            service,
            "the user name or the password in Redis:ConnectionString is wrong or missing"
        );
        Assert.That(service.Output, Does.Not.Contain(Password).And.Not.Contain(Escaped));
    }

    [Test]
    public async Task Server_NotThere_IsSaid()
    {
        await redis.KillAsync();
        await using var host = StoreHost.Of(redis.ConnectionString);

        var service = await host.ServeAsync();

        await MustSayAsync(service, "no connection (Connection refused)");
    }

    // It was unavailable first, which a line reports already.
    [Test]
    public async Task Password_WrongOnceTheServerIsThere_IsSaidToo()
    {
        await redis.KillAsync();
        await using var host = StoreHost.Of(redis.ConnectionString);
        var service = await host.ServeAsync();
        await MustSayAsync(service, "no connection (Connection refused)");

        await redis.RunAsync("--requirepass", Password);

        await MustSayAsync(
            service,
            "the user name or the password in Redis:ConnectionString is wrong or missing"
        );
    }

    [TestCase("-eval", "-evalsha")]
    [TestCase("-time", "-hset")]
    [TestCase("resetkeys", "~other:*")]
    public async Task Right_Missing_IsSaid(string first, string second)
    {
        await AddUserAsync("app", "+@all", "~*", "&*", first, second);
        await using var host = StoreHost.Of($"redis://app:{Escaped}@{redis.ConnectionString}");

        var service = await host.ServeAsync();

        await MustSayAsync(service, "the Redis user lacks a right");
        Assert.That(service.Output, Does.Not.Contain(Password).And.Not.Contain(Escaped));
    }

    [TestCase("resetchannels")]
    [TestCase("-publish")]
    [TestCase("-subscribe")]
    [Contract("Without channel rights a change is not a 503")]
    public async Task ChannelRight_Missing_IsSaidAndChangesAreSeenWithinASecondOrTwo(string right)
    {
        await AddUserAsync("app", "+@all", "~*", "&*", right);
        await using var host = StoreHost.Of($"redis://app:{Escaped}@{redis.ConnectionString}");
        var service = await host.ServeAsync();
        var other = await host.ServeAsync();
        var client = await TestClient.RegisterAsync(service);
        (await client.SavePolicyAsync("r", 5)).MustBeOk();
        var there = await client.OnceOnAsync(other);
        (await there.CheckAsync("u", "r")).MustBeOk();
        (await client.DeletePolicyAsync("r")).MustBeOk();

        await Poll.UntilAsync(
            "The other instance does not see the change.",
            TimeSpan.FromSeconds(5),
            async () => (await there.CheckAsync("u", "r")).Status == 404
        );
        await MustSayAsync(service, "a second late, because the Redis user lacks a right");
        Assert.That(service.Output, Does.Not.Contain("connections to the store were stale"));
    }

    [Test]
    public async Task ChannelRight_Missing_DoesNotDelayTheStop()
    {
        await AddUserAsync("app", "+@all", "~*", "&*", "-subscribe");
        await using var host = StoreHost.Of($"redis://app:{Escaped}@{redis.ConnectionString}");
        var service = await host.ServeAsync();
        await MustSayAsync(service, "a second late, because the Redis user lacks a right");

        var clock = Stopwatch.StartNew();
        await service.DisposeAsync();

        Assert.That(clock.Elapsed, Is.LessThan(TimeSpan.FromSeconds(3)));
    }

    [Test]
    [Contract(
        "channelPrefix: the health probe of the subscription uses the channel of the messages"
    )]
    public async Task ChannelPrefix_OfOneInstance_KeepsNoMessageFromIt()
    {
        await using var host = StoreHost.Of(redis.ConnectionString);
        var service = await host.ServeAsync();
        var other = await host.ServeAsync(
            ("Redis__ConnectionString", $"{redis.ConnectionString},channelPrefix=x:")
        );
        var client = await TestClient.RegisterAsync(service);
        (await client.SavePolicyAsync("r", 1)).MustBeOk();
        var there = await client.OnceOnAsync(other);

        await MustHearAsync(client, there);
        await MustHearAsync(there, client);
    }

    /// <summary>The ACL of docs/redis.md, for that very user.</summary>
    [Test]
    [Contract("A page with the exact ACL, tested with that very user")]
    public async Task User_OfTheDocuments_CanDoAllThatIsNeeded()
    {
        var rights = File.ReadLines(RepositoryFile.Of("docs/redis.md"))
            .Single(line => line.StartsWith("ACL SETUSER ratelimiter", StringComparison.Ordinal))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        await redis.AskAsync([
            .. rights.Select(word => word == ">PASSWORD" ? $">{Password}" : word),
        ]);
        await using var host = StoreHost.Of(
            $"redis://ratelimiter:{Escaped}@{redis.ConnectionString}"
        );
        var service = await host.ServeAsync(SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        (await client.SavePolicyAsync("r", 5)).MustBeOk();
        (await client.SavePolicyAsync("r", 6)).MustBeOk();
        (
            await client.PostAsync("/policy/rollback", """{"route_key":"r","version":1}""")
        ).MustBeOk();
        (await client.CheckAsync("u", "r")).MustBeOk();
        // Enough that they are imported in steps.
        string[] algorithms =
        [
            "fixed_window",
            "sliding_window",
            "sliding_log",
            "token_bucket",
            "leaky_bucket",
        ];
        var policies = Enumerable
            .Range(0, 300)
            .Select(i =>
                $$"""{"route_key":"r{{i}}","limit":2,"window_seconds":60,"algorithm":"{{algorithms[i % 5]}}"}"""
            );
        (
            await client.SendAsync(
                HttpMethod.Put,
                "/policy/import?keep_others=true",
                $$"""{"policies":[{{string.Join(',', policies)}}]}"""
            )
        ).MustBeOk();
        for (var i = 0; i < algorithms.Length; i++)
        {
            var body = $$"""{"user_id":"u","route_key":"r{{i}}"}""";
            for (var checks = 0; checks < 3; checks++)
            {
                (await client.PostAsync("/check", body)).MustBeOk();
            }

            (await client.PostAsync("/usage/refund", body)).MustBeOk();
        }

        (await client.PostAsync("/keys/rotate", """{"grace_seconds":3600}""")).MustBeOk();
        foreach (
            var path in new[] { "/policy", "/keys", "/logs/latest", "/audit", "/health/ready" }
        )
        {
            (await client.GetAsync(path)).MustBeOk();
        }

        (await client.GetAsync("/analytics/summary")).MustBeOk();
        (await client.GetAsync("/analytics/top")).MustBeOk();
        (await client.GetAsync("/usage?user_id=u&route_key=r")).MustBeOk();
        (await client.SendAsync(HttpMethod.Delete, "/usage?user_id=u&route_key=r")).MustBeStatus(
            204
        );
        (await client.PostAsync("/usage/refund", """{"user_id":"u","route_key":"r"}""")).MustBeOk();
        await new DashboardVisitor(service).SignInAsync(client.Key, "/dashboard/logs");
        (await client.GetAsync("/metrics")).MustBeOk();
        (await client.SendAsync(HttpMethod.Delete, "/client")).MustBeOk();
        await service.DisposeAsync();

        Assert.That(service.Output, Does.Not.Contain("lacks a right"));
        // Optional commands of the client library.
        var denied = (await redis.AskAsync("ACL", "LOG")).Split('\n');
        Assert.That(
            denied
                .Zip(denied.Skip(1))
                .Where(line => line.First == "object")
                .Select(it => it.Second),
            Is.All.EqualTo("config|get"),
            "The client library works without it."
        );
    }

    [Test]
    public async Task Certificate_NotTrusted_IsSaid()
    {
        var (address, _) = await ServeTlsAsync();
        await using var host = StoreHost.Of($"rediss://{address}");

        var service = await host.ServeAsync();

        await MustSayAsync(service, "the server's certificate is not trusted (");
    }

    [Test]
    [Contract("rediss:// is understood")]
    public async Task Certificate_Trusted_IsUsed()
    {
        var (address, root) = await ServeTlsAsync();
        await using var host = StoreHost.Of($"rediss://{address}");

        // The runtime reads the variable at its start.
        var service = await host.ServeAloneAsync(("SSL_CERT_FILE", root));

        (await (await TestClient.RegisterAsync(service)).GetAsync("/policy")).MustBe("[]");
    }

    private async Task<(string Address, string Root)> ServeTlsAsync()
    {
        var port = RedisServer.FreePort();
        var (root, options) = TestTls.Serve(folder.Path, port);
        await redis.KillAsync();
        await redis.RunAsync(options);
        return ($"localhost:{port}", root);
    }

    private static async Task MustHearAsync(TestClient from, TestClient to)
    {
        (await from.SavePolicyAsync("other", 1)).MustBeOk();
        // As soon as the message is received, and not when the cache is compared with the store, a minute later.
        await Poll.UntilAsync(
            "The change is not received.",
            TimeSpan.FromSeconds(5),
            async () => (await to.CheckAsync("u", "other")).Status == 200
        );
        (await from.DeletePolicyAsync("other")).MustBeOk();
        await Poll.UntilAsync(
            "The deletion is not received.",
            TimeSpan.FromSeconds(5),
            async () => (await to.CheckAsync("u", "other")).Status == 404
        );
    }

    private Task<string> AddUserAsync(string name, params string[] rights) =>
        redis.AskAsync(["ACL", "SETUSER", name, "on", $">{Password}", .. rights]);

    private static Task<TimeSpan> MustSayAsync(Service service, string what) =>
        Poll.UntilAsync(
            $"It does not log: {what}",
            Patience,
            () => Task.FromResult(service.Output.Contains(what, StringComparison.Ordinal))
        );
}
