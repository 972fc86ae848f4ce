using System.Text.Json;
using NUnit.Framework.Interfaces;
using RateLimiter.TestStores;

namespace RateLimiter.EndToEndTests.Redis;

/// <summary>Two services that share one Redis Cluster.</summary>
[TestFixture]
[NonParallelizable]
public sealed class ClusterTests
{
    private static RedisCluster? cluster;
    private static StoreHost? host;
    private static Service? first;
    private static Service? second;

    private TestClient here = null!;
    private TestClient there = null!;

    [OneTimeSetUp]
    public static async Task StartAsync()
    {
        cluster = await RedisCluster.StartAsync();
        host = StoreHost.Of(cluster.ConnectionString);
        first = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.Open,
            SharedServices.Unmetered
        );
        second = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.Open,
            SharedServices.Unmetered
        );
    }

    [OneTimeTearDown]
    public static async Task StopAsync()
    {
        if (host is not null)
        {
            await host.DisposeAsync();
        }

        if (cluster is not null)
        {
            await cluster.DisposeAsync();
        }
    }

    [SetUp]
    public async Task OpenAsync()
    {
        here = await TestClient.RegisterAsync(first!);
        there = here.On(second!);
    }

    [TearDown]
    public static async Task PrintOutputAsync()
    {
        if (TestContext.CurrentContext.Result.Outcome.Status == TestStatus.Failed)
        {
            await TestContext.Out.WriteLineAsync($"{first?.Output}\n{second?.Output}");
        }
    }

    [Test]
    public async Task Import_OfManyPolicies_HoldsOnEveryInstanceAndIsRecorded()
    {
        const int many = 500;
        var policies = Enumerable
            .Range(0, many)
            .Select(i => $$"""{"route_key":"r{{i}}","limit":{{i + 1}},"window_seconds":60}""");
        var document = $$"""{"policies":[{{string.Join(',', policies)}}]}""";

        (await here.SendAsync(HttpMethod.Put, "/policy/import", document)).MustBeOk();

        Assert.That(await there.PoliciesAsync(), Has.Count.EqualTo(many));
        Assert.That((await here.CheckAsync("u", "r499"))["limit"].GetInt64(), Is.EqualTo(many));
        var entries = (await there.GetAsync("/audit/export?action=policy.created")).Text;
        Assert.That(
            entries.Split('\n', StringSplitOptions.RemoveEmptyEntries),
            Has.Length.EqualTo(many)
        );
    }

    // In a window of a year no permit is replenished while the test runs.
    [TestCase(""" "limit":10,"window_seconds":31536000,"algorithm":"fixed_window" """)]
    [TestCase(""" "limit":10,"window_seconds":31536000,"algorithm":"sliding_window" """)]
    [TestCase(""" "limit":10,"window_seconds":31536000,"algorithm":"sliding_log" """)]
    [TestCase(""" "limit":10,"window_seconds":31536000,"algorithm":"token_bucket" """)]
    [TestCase(""" "limit":10,"window_seconds":31536000,"algorithm":"leaky_bucket","burst":10 """)]
    [TestCase(
        """
            "limits":[
                {"name":"a","limit":10,"window_seconds":31536000,"algorithm":"fixed_window"},
                {"name":"b","limit":20,"window_seconds":31536000,"algorithm":"sliding_window"},
                {"name":"c","limit":30,"window_seconds":31536000,"algorithm":"token_bucket"}]
            """
    )]
    public async Task Check_200InParallelOnBothInstances_AllowsExactlyTheLimit(string limits)
    {
        (await here.PostAsync("/policy", $$"""{"route_key":"r",{{limits}}}""")).MustBeOk();

        await TwoInstances.MustAllowExactlyTenAsync(here, there);
    }

    [Test]
    public async Task Check_ManyUsers_AreAnsweredAndKeptByAllMasters()
    {
        await here.HasPolicyAsync("r", 10);

        var single = await Task.WhenAll(
            Enumerable
                .Range(0, 500)
                .Select(i => (i % 2 == 0 ? here : there).CheckAsync($"user-{i}", "r"))
        );
        var checks = Enumerable
            .Range(500, 1000)
            .Select(i => new { user_id = $"user-{i}", route_key = "r" });
        var batch = await here.PostAsync("/check/batch", JsonSerializer.Serialize(new { checks }));

        Assert.That(
            single.Select(answer => answer.MustBeOk().Remaining),
            Has.All.EqualTo(9).And.Exactly(500).Items
        );
        Assert.That(
            batch
                .MustBeOk()["results"]
                .EnumerateArray()
                .Select(result =>
                    result.TryGetProperty("remaining", out var remaining)
                        ? $"{remaining}"
                        : $"{result}"
                ),
            Has.All.EqualTo("9").And.Exactly(1000).Items
        );
        var kept = new List<int>();
        foreach (var master in await cluster!.MastersAsync())
        {
            var counters = await master.AskAsync("KEYS", $"rl:{{{here.Id}:*");
            kept.Add(counters.Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
        }

        Assert.That(kept, Has.Count.EqualTo(3).And.All.Positive);
        Assert.That(kept.Sum(), Is.EqualTo(1500));
    }

    [Test]
    public async Task Save_OnOneInstance_IsEnforcedOnTheOtherWithinASecond()
    {
        await TwoInstances.MustEnforceWhatWasSavedAsync(here, there);
    }

    [Test]
    public async Task Stream_ChecksOnBothInstances_ShowsAll() =>
        await TwoInstances.MustStreamBothAsync(here, there);

    [Test]
    public async Task Latest_ChecksOfManyUsers_AreAllThere()
    {
        await here.HasPolicyAsync("r", 10);

        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => here.CheckAsync($"user-{i}", "r")));

        Assert.That(
            (await here.LogsAsync()).Select(entry => $"{entry.GetProperty("user_id")}"),
            Is.EquivalentTo(Enumerable.Range(0, 50).Select(i => $"user-{i}"))
        );
    }

    [TestCase(""" "limit":100,"window_seconds":31536000 """)]
    [TestCase(
        """
            "limits":[
                {"name":"a","limit":100,"window_seconds":31536000,"algorithm":"token_bucket"},
                {"name":"b","limit":200,"window_seconds":31536000,"algorithm":"sliding_log"}]
            """
    )]
    public async Task Check_WhileSlotsMove_AllowsExactlyTheLimit(string limits)
    {
        const int limit = 100;
        (await here.PostAsync("/policy", $$"""{"route_key":"r",{{limits}}}""")).MustBeOk();
        string[] users = [.. Enumerable.Range(0, 20).Select(i => $"user-{i}")];

        await using var callers = new Callers([here, there], users);
        await callers.GoOnForAsync(users.Length);
        foreach (var user in users)
        {
            var counter = CounterOf(here, user);
            var from = await cluster!.MasterOfAsync(counter);
            var to = (await cluster.MastersAsync()).First(master => master != from);
            await cluster.MigrateSlotAsync(await cluster.SlotOfAsync(counter), from, to);
        }

        await callers.GoOnForAsync(users.Length);
        var calls = await callers.StopAsync();

        Assert.That(
            calls.Where(call => !call.IsDecided).Select(call => call.Answer.Text),
            Is.Empty
        );
        foreach (var taken in calls.Where(call => call.IsTaken).GroupBy(call => call.User))
        {
            // The remaining permits are real: they can be consumed, and no more.
            var left = await there.RemainingAsync(taken.Key, "r");
            Assert.That(taken.Count() + left, Is.EqualTo(limit), taken.Key);
            Assert.That(
                taken.Select(call => call.Answer.Remaining),
                Is.EquivalentTo(Enumerable.Range((int)left, taken.Count())),
                taken.Key
            );
        }
    }

    /// <summary>A key in the slot of all counters of a user.</summary>
    internal static string CounterOf(TestClient client, string user) =>
        $"rl:{{{client.Id}:{user.Length}:{user}}}";
}

/// <summary>A master of a Redis Cluster is unavailable until its replica has taken over.</summary>
[TestFixture]
[NonParallelizable]
public sealed class ClusterFailoverTests
{
    private const long Limit = 1_000_000;

    private static readonly TimeSpan Answered = TimeSpan.FromSeconds(1);

    /// <summary>A stalled machine delays a few checks; a defect concerns a third of them.</summary>
    private const double Few = 0.02;
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(15);

    /// <summary>Time for a busy machine, and half of the maximum latency.</summary>
    private static readonly (string Name, string Value) Timeout = ("Store__TimeoutMs", "500");

    [TestCase(true, TestName = "{m}(WithTheRegistry)")]
    [TestCase(false, TestName = "{m}(WithoutTheRegistry)")]
    public async Task Master_KilledUnderLoad_ConcernsOnlyItsSubjectsUntilItIsReplaced(
        bool hasRegistry
    )
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var host = StoreHost.Of(cluster.ConnectionString);
        var here = await TestClient.RegisterAsync(
            await host.ServeAsync(SharedServices.Open, Timeout)
        );
        await here.HasPolicyAsync("r", Limit);
        var there = await here.OnceOnAsync(await host.ServeAsync(SharedServices.Open, Timeout));
        var masters = new Dictionary<string, RedisNode>();
        for (var i = 0; i < 60; i++)
        {
            var counter = ClusterTests.CounterOf(here, $"user-{i}");
            masters.Add($"user-{i}", await cluster.MasterOfAsync(counter));
        }

        string[] users = [.. masters.Keys];
        await DecidesAllAsync();
        var registry = await cluster.MasterOfAsync($"rl:{{{here.Id}}}:client");
        var victim = masters.First(user => user.Value == registry == hasRegistry);

        await using var callers = new Callers([here, there], users);
        await callers.GoOnForAsync(5 * users.Length);
        var gone = await cluster.KillMasterOfAsync(ClusterTests.CounterOf(here, victim.Key));
        var replaced = await cluster.WaitForFailoverAsync(gone);
        var recovered = await DecidesAllAsync();
        await callers.GoOnForAsync(users.Length);
        var calls = await callers.StopAsync();

        var (orphans, others) = (
            calls.Where(call => masters[call.User] == gone).ToList(),
            calls.Where(call => masters[call.User] != gone).ToList()
        );
        var lost = 0L;
        foreach (var user in users)
        {
            var sent = calls.Where(call => call.User == user).ToList();
            var taken = sent.Count(call => call.IsTaken);
            var used = Limit - await there.RemainingAsync(user, "r");
            Assert.That(used, Is.LessThanOrEqualTo(sent.Count), user);
            if (masters[user] != gone)
            {
                Assert.That(used, Is.GreaterThanOrEqualTo(taken), user);
            }

            lost += Math.Max(0, taken - used);
        }

        await TestContext.Out.WriteLineAsync(
            $"Failover {replaced.TotalSeconds:F1} s, all decided {recovered.TotalSeconds:F1} s later. "
                + $"{orphans.Count(call => !call.IsDecided)} of {orphans.Count} checks of the lost master were not decided, "
                + $"{others.Count(call => !call.IsDecided)} of {others.Count} of the others. "
                + $"Slowest {calls.Max(call => call.Took).TotalMilliseconds:F0} ms. "
                + $"{lost} of {orphans.Count(call => call.IsTaken)} permits were lost."
        );
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                others.Count(call => !call.IsDecided),
                Is.LessThanOrEqualTo(Few * others.Count),
                "Subjects of other masters."
            );
            Assert.That(
                orphans.Select(call => call.Answer.Status),
                Has.All.EqualTo(200).Or.EqualTo(503)
            );
            Assert.That(
                calls.Count(call => call.Took >= Answered),
                Is.LessThanOrEqualTo(Few * calls.Count)
            );
        }

        async Task<TimeSpan> DecidesAllAsync() =>
            await Poll.UntilAsync(
                "Not everything is decided.",
                Recovered,
                async () =>
                    (
                        await Task.WhenAll(
                            users.SelectMany(user =>
                                new[]
                                {
                                    here.CheckAsync(user, "r", cost: 0),
                                    there.CheckAsync(user, "r", cost: 0),
                                }
                            )
                        )
                    ).All(answer => answer.Status == 200 && !answer.IsDegraded)
            );
    }

    [Test]
    public async Task Master_KilledAndReplaced_KeepsClientsAndPolicies()
    {
        await using var cluster = await RedisCluster.StartAsync();
        await using var host = StoreHost.Of(cluster.ConnectionString);
        var here = await TestClient.RegisterAsync(
            await host.ServeAsync(SharedServices.Open, Timeout)
        );
        await here.HasPolicyAsync("r", Limit);

        var gone = await cluster.KillMasterOfAsync($"rl:{{{here.Id}}}:client");
        await cluster.WaitForFailoverAsync(gone);
        await cluster.RestartAsync(gone);

        // A newly started service knows nothing but what is in the store.
        var there = await here.OnceOnAsync(await host.ServeAsync(SharedServices.Open, Timeout));
        Assert.That(await there.PoliciesAsync(), Has.Count.EqualTo(1));
        await here.HasPolicyAsync("s", Limit);
        await Poll.UntilAsync(
            "The new policy is not enforced on the other instance.",
            Recovered,
            async () => (await there.CheckAsync("u", "s")).Status == 200
        );
    }
}
