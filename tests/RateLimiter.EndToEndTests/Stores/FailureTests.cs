using System.Diagnostics;
using RateLimiter.TestStores;
using StackExchange.Redis;

namespace RateLimiter.EndToEndTests.Stores;

/// <summary>
/// Every way in which a real Redis can fail to answer: in each case, every check is answered in time, according to its
/// policy; afterwards the store counts again without intervention, and no user has received more than the limit. Not in
/// parallel with other tests, because time is measured, and with the default timeouts of the service.
/// </summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[NonParallelizable]
public sealed class FailureTests
{
    private const long Limit = 100;

    private static readonly TimeSpan Outage = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(15);

    /// <summary>The budget of 100 ms, 50 more, and as much again for a busy machine.</summary>
    private static readonly TimeSpan InTime = TimeSpan.FromMilliseconds(300);

    /// <summary>A stalled machine delays one of them; a defect delays all of them.</summary>
    private const int Outages = 3;

    private StoreHost host = null!;
    private ServiceProcess service = null!;

    public static IEnumerable<TestCaseData<Fault>> Faults =>
        new Fault[]
        {
            new("Killed", redis => redis.KillAsync(), redis => redis.RunAsync()),
            new("Paused", redis => redis.PauseAsync(), redis => redis.ResumeAsync()),
            new(
                "ReadOnly",
                redis => CommandAsync(redis, "REPLICAOF", "127.0.0.1", "1"),
                redis => CommandAsync(redis, "REPLICAOF", "NO", "ONE")
            ),
            new(
                "OutOfMemory",
                redis => CommandAsync(redis, "CONFIG", "SET", "maxmemory", "1"),
                redis => CommandAsync(redis, "CONFIG", "SET", "maxmemory", "0")
            )
            {
                Begun = "The store has no memory left, and keeps nothing new",
                Ended = "The store has memory again",
            },
            new(
                "Busy",
                redis => CommandAsync(redis, "CLIENT", "PAUSE", "60000", "ALL"),
                // A paused client receives no messages either.
                async redis =>
                {
                    await redis.KillAsync();
                    await redis.RunAsync();
                }
            ),
            new("Loading", LoadSlowlyAsync, _ => Task.CompletedTask),
            Fake("Silent", null),
            Fake("Garbage", "HTTP/1.1 400 Bad Request\r\n\r\n\0\x1\x2"u8.ToArray()),
            Fake("WrongAnswers", ":1\r\n"u8.ToArray()),
            Fake("Errors", "-LOADING Redis is loading the dataset in memory\r\n"u8.ToArray()),
        }.Select(Case);

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        service = await host.ServeAloneAsync(SharedServices.Open, ("Store__OnFailure", "deny"));
        // The first execution of code takes longer than the timeout of a check.
        var client = await WithPoliciesAsync();
        for (var i = 0; i < 50; i++)
        {
            await CheckAllAsync(client);
        }
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [TestCaseSource(nameof(Faults))]
    public async Task Store_DoesNotDecide_ChecksAreAnsweredInTimeAndItIsFoundAgain(Fault fault)
    {
        List<string> late = [];
        while (await LastAsync(fault) is { } times)
        {
            late.Add(times);
            Assert.That(late, Has.Count.LessThan(Outages), string.Join('\n', late));
        }
    }

    /// <summary>Keeps the failure active for a while.</summary>
    /// <returns>The latencies of the responses, if they were late.</returns>
    private async Task<string?> LastAsync(Fault fault)
    {
        var client = await WithPoliciesAsync();
        var allowed = (await client.CheckAsync("u", "deny")).MustBeOk().Allowed ? 1 : 0;
        var lines = service.OutputLines.Count;
        List<TimeSpan> times = [];
        List<bool> locals = [];
        await fault.BeginAsync(host.Redis);

        var outage = Stopwatch.StartNew();
        while (outage.Elapsed < Outage)
        {
            var clock = Stopwatch.StartNew();
            var (denied, passed, local) = await CheckAllAsync(client);
            times.Add(clock.Elapsed);
            allowed += denied.Allowed ? 1 : 0;
            if (Degraded(denied) && Degraded(passed) && Degraded(local))
            {
                Assert.That(denied.Allowed, Is.False);
                Assert.That(denied.Reason, Does.StartWith("The store does not answer"));
                Assert.That(denied.Headers, Contains.Key("Retry-After"));
                Assert.That(passed.Allowed);
                locals.Add(local.Allowed);
            }

            await Task.Delay(5);
        }

        await fault.EndAsync(host.Redis);
        await Poll.UntilAsync(
            "The service does not reconnect to its store.",
            Recovered,
            async () =>
                !Degraded(await client.CheckAsync("u", "deny", cost: 0))
                && Log().Contains(fault.Ended, StringComparison.Ordinal)
        );

        var left = (await client.CheckAsync("u", "deny", cost: 0)).Remaining;
        var log = Log();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(locals, Is.Not.Empty, "Nothing was decided without the store.");
            Assert.That(locals.Take(3), Is.EqualTo(new[] { true, true, true }.Take(locals.Count)));
            Assert.That(locals.Count(passed => passed), Is.LessThanOrEqualTo(3));
            Assert.That(
                allowed,
                Is.LessThanOrEqualTo(Limit - left),
                "More than the counter allows."
            );
            Assert.That(log, Does.Contain(fault.Begun));
            Assert.That(service.OutputLines.Count - lines, Is.LessThan(20), log);
        }

        return times.Count(time => time > InTime) > 2 || times.Max() > TimeSpan.FromSeconds(1)
            ? string.Join(", ", times.Select(time => $"{time.TotalMilliseconds:0}"))
            : null;

        string Log() => string.Join('\n', service.OutputLines.Skip(lines));
    }

    private static TestCaseData<Fault> Case(Fault fault)
    {
        var data = new TestCaseData<Fault>(fault);
        data.SetArgDisplayNames(fault.Name);
        return data;
    }

    private static Fault Fake(string name, byte[]? answer)
    {
        FakeRedis? fake = null;
        return new Fault(
            name,
            async redis =>
            {
                await redis.KillAsync();
                fake = TestStores.FakeRedis.Start(redis.Port, answer);
            },
            async redis =>
            {
                await fake!.DisposeAsync();
                await redis.RunAsync();
            }
        );
    }

    // A server with a large dataset, which takes long to load.
    private static async Task LoadSlowlyAsync(RedisServer redis)
    {
        await redis.KillAsync();
        await redis.RunAsync("--enable-debug-command", "yes");
        await CommandAsync(redis, "DEBUG", "POPULATE", "30000");
        await CommandAsync(redis, "BGREWRITEAOF");
        await Poll.UntilAsync(
            "The file is not rewritten.",
            Recovered,
            async () =>
                (await CommandAsync(redis, "INFO", "persistence")).Contains(
                    "aof_rewrite_in_progress:0",
                    StringComparison.Ordinal
                )
                && !(await CommandAsync(redis, "INFO", "persistence")).Contains(
                    "aof_rewrite_scheduled:1",
                    StringComparison.Ordinal
                )
        );
        await redis.KillAsync();
        await redis.RunAsync(
            "--key-load-delay",
            "50",
            "--loading-process-events-interval-bytes",
            "1024"
        );
    }

    private static async Task<string> CommandAsync(
        RedisServer redis,
        string command,
        params object[] arguments
    )
    {
        await using var connection = await ConnectionMultiplexer.ConnectAsync(
            $"{redis.ConnectionString},allowAdmin=true"
        );
        return $"{await connection.GetServers()[0].ExecuteAsync(command, arguments)}";
    }

    private static bool Degraded(Answer answer) => answer.MustBeOk()["degraded"].GetBoolean();

    private static async Task<(Answer Denied, Answer Passed, Answer Local)> CheckAllAsync(
        TestClient client
    )
    {
        var answers = await Task.WhenAll(
            client.CheckAsync("u", "deny"),
            client.CheckAsync("u", "allow"),
            client.CheckAsync("u", "local")
        );
        return (answers[0], answers[1], answers[2]);
    }

    private async Task<TestClient> WithPoliciesAsync()
    {
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("deny", Limit);
        foreach (var (mode, limit) in new[] { ("allow", 1), ("local", 3) })
        {
            var policy =
                $$"""{"route_key":"{{mode}}","limit":{{limit}},"window_seconds":3600,"on_store_failure":"{{mode}}"}""";
            (await client.PostAsync("/policy", policy)).MustBeOk();
        }

        await client.CheckAsync("u", "deny", cost: 0);
        return client;
    }

    /// <param name="Name">The name of the failure.</param>
    /// <param name="BeginAsync">Makes the store fail.</param>
    /// <param name="EndAsync">Restores the store.</param>
    public sealed record Fault(
        string Name,
        Func<RedisServer, Task> BeginAsync,
        Func<RedisServer, Task> EndAsync
    )
    {
        /// <summary>The log message at the start of the failure.</summary>
        public string Begun { get; init; } = "The store does not answer, and is not asked";

        /// <summary>The log message at its end.</summary>
        public string Ended { get; init; } = "The store answers again";
    }
}
