using System.Collections.Concurrent;
using System.Diagnostics;

namespace RateLimiter.EndToEndTests.Postgres;

/// <summary>
/// With a real PostgreSQL as the system of record: durability, and the checks, when the database, the Redis or the service
/// fails in the middle of an operation.
/// </summary>
[TestFixture]
public sealed class PostgresTests
{
    /// <summary>The longest that a hanging database may keep a caller waiting, on a busy machine.</summary>
    private static readonly TimeSpan Answered = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(30);

    private static readonly (string Name, string Value)[] Settings =
    [
        SharedServices.Patient,
        SharedServices.Open,
    ];

    [Test]
    public async Task Database_KilledAndStartedAgain_ChecksGoOnAndWritesAre503UntilItIsBack()
    {
        await using var host = await StoreHost.StartAsync(Store.Postgres, ownProcess: true);
        var client = await TestClient.RegisterAsync(await host.ServeAsync(Settings));
        await client.HasPolicyAsync("r", 10);

        await host.Postgres.KillAsync();

        Assert.That((await client.CheckAsync("u", "r")).MustBeOk().Remaining, Is.EqualTo(9));
        (await client.SavePolicyAsync("r", 20)).MustBeProblem(503);
        (await client.PostAsync("/keys", """{"name":"x"}""")).MustBeProblem(503);
        (await client.RegisterAsync("x")).MustBeProblem(503);
        (await client.GetAsync("/policy")).MustBeProblem(503);
        (await client.GetAsync("/audit")).MustBeProblem(503);
        await MustBecomeAsync(client, "degraded");
        Assert.That((await client.CheckAsync("u", "r")).MustBeOk().IsDegraded, Is.False);

        await host.Postgres.RunAsync();

        await MustBecomeAsync(client, "healthy");
        await Poll.UntilAsync(
            "Nothing can be saved.",
            Recovered,
            async () => (await client.SavePolicyAsync("r", 30)).Status == 200
        );
        Assert.That(
            (await client.CheckAsync("u", "r", cost: 0))["limit"].GetInt64(),
            Is.EqualTo(30)
        );
    }

    [Test]
    public async Task Database_Hangs_IsNotWaitedForAndChecksGoOn()
    {
        await using var host = await StoreHost.StartAsync(Store.Postgres, ownProcess: true);
        var client = await TestClient.RegisterAsync(
            await host.ServeAsync([.. Settings, ("Postgres__TimeoutMs", "500")])
        );
        await client.HasPolicyAsync("r", 10);

        await host.Postgres.PauseAsync();
        try
        {
            var clock = Stopwatch.StartNew();
            (await client.SavePolicyAsync("r", 20)).MustBeProblem(503);
            Assert.That(clock.Elapsed, Is.LessThan(Answered));
            Assert.That((await client.CheckAsync("u", "r")).MustBeOk().Remaining, Is.EqualTo(9));
            await MustBecomeAsync(client, "degraded");
        }
        finally
        {
            await host.Postgres.ResumeAsync();
        }

        await MustBecomeAsync(client, "healthy");
        await Poll.UntilAsync(
            "Nothing can be saved.",
            Recovered,
            async () => (await client.SavePolicyAsync("r", 30)).Status == 200
        );
    }

    [Test]
    public async Task Database_KilledInTheMiddleOfWrites_LosesNothingThatWasAnswered()
    {
        await using var host = await StoreHost.StartAsync(Store.Postgres, ownProcess: true);
        var client = await TestClient.RegisterAsync(await host.ServeAsync(Settings));
        var (saved, keys) = (new ConcurrentDictionary<string, long>(), new ConcurrentBag<string>());
        using var stop = new CancellationTokenSource();

        var writers = Enumerable.Range(0, 6).Select(WriteAsync).ToList();
        for (var kill = 0; kill < 3; kill++)
        {
            var before = saved.Values.Sum();
            await Poll.UntilAsync(
                "Nothing is saved.",
                Recovered,
                () => Task.FromResult(saved.Values.Sum() > before + 30)
            );
            await host.Postgres.KillAsync();
            await host.Postgres.RunAsync();
        }

        await stop.CancelAsync();
        await Task.WhenAll(writers);
        IReadOnlyDictionary<string, long> found = new Dictionary<string, long>();
        await Poll.UntilAsync(
            "The policies cannot be read.",
            Recovered,
            async () =>
            {
                var answer = await client.GetAsync("/policy");
                found =
                    answer.Status == 200
                        ? answer
                            .Body.EnumerateArray()
                            .ToDictionary(
                                policy => policy.GetProperty("route_key").GetString()!,
                                policy => policy.GetProperty("limit").GetInt64()
                            )
                        : found;
                return answer.Status == 200;
            }
        );

        // An unanswered save may have been committed, so that there can be more saves than responses.
        foreach (var (route, limit) in saved)
        {
            Assert.That(found.GetValueOrDefault(route), Is.GreaterThanOrEqualTo(limit), route);
            var history = (await client.GetAsync($"/policy/history?route_key={route}&limit=1000"))
                .MustBeOk()
                .Body.EnumerateArray()
                .Select(version => version.GetProperty("policy").GetProperty("limit").GetInt64());
            Assert.That(history, Is.SupersetOf(Enumerable.Range(1, (int)limit)));
        }

        var ids = (await client.GetAsync("/keys"))
            .MustBeOk()
            .Body.EnumerateArray()
            .Select(key => key.GetProperty("key_id").GetString());
        Assert.That(ids, Is.SupersetOf(keys));

        async Task WriteAsync(int writer)
        {
            for (var limit = 1; !stop.IsCancellationRequested; limit++)
            {
                // After a failure the same limit again: whether it was saved is unknown.
                while (
                    (await client.SavePolicyAsync($"r{writer}", limit)).Status != 200
                    && !stop.IsCancellationRequested
                )
                {
                    await Task.Delay(10);
                }

                if (!stop.IsCancellationRequested)
                {
                    saved[$"r{writer}"] = limit;
                }

                if (limit % 10 == 1)
                {
                    var made = await client.PostAsync("/keys", """{"name":"x"}""");
                    if (made.Status == 200)
                    {
                        keys.Add(made["key_id"].GetString()!);
                    }
                }
            }
        }
    }

    [Test]
    public async Task Service_KilledBetweenCommitAndCopy_TheOtherInstanceCompletesIt()
    {
        await using var host = await StoreHost.StartAsync(Store.Postgres, ownProcess: true);
        var first = await host.ServeAloneAsync(Settings);
        var second = await host.ServeAsync(Settings);
        var here = await TestClient.RegisterAsync(first);
        var there = here.On(second);
        await here.HasPolicyAsync("r", 10);
        await Poll.UntilAsync(
            "The policy does not reach the other instance.",
            Recovered,
            async () => (await there.CheckAsync("u", "r")).Status == 200
        );

        // The commit does not need Redis, the projection does: the service is killed while it waits for it.
        await host.Redis.PauseAsync();
        var saving = here.SavePolicyAsync("r", 50);
        await Poll.UntilAsync(
            "It is not committed.",
            Recovered,
            async () =>
                await host.Postgres.ExecuteAsync(
                    host.Database,
                    $"select version from ratelimiter.policies where client_id = '{here.Id}'"
                ) == "2"
        );
        await first.KillAsync();
        await MustHaveFailedAsync(saving);
        await host.Redis.ResumeAsync();

        await Poll.UntilAsync(
            "The change does not reach the other instance.",
            Recovered,
            async () =>
            {
                var answer = await there.CheckAsync("u", "r", cost: 0);
                return answer.Status == 200 && answer["limit"].GetInt64() == 50;
            }
        );
    }

    /// <summary>Aborted with the service, unless the service had stopped waiting for the projection before.</summary>
    private static async Task MustHaveFailedAsync(Task<Answer> saving)
    {
        try
        {
            (await saving).MustBeProblem(503);
        }
        catch (HttpRequestException)
        {
            // The connection ended with the service.
        }
    }

    [Test]
    public async Task Save_OnOneInstance_IsEnforcedOnTheOtherWithinASecond()
    {
        var (_, first) = await SharedServices.OfAsync(Store.Postgres);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Postgres);
        var here = await TestClient.RegisterAsync(first);

        await TwoInstances.MustEnforceWhatWasSavedAsync(here, here.On(second));
    }

    [Test]
    public async Task Override_OnOneInstance_IsEnforcedOnTheOtherWithinASecond()
    {
        var (_, first) = await SharedServices.OfAsync(Store.Postgres);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Postgres);
        var here = await TestClient.RegisterAsync(first);

        await TwoInstances.MustEnforceOverridesAsync(here, here.On(second));
    }

    [Test]
    public async Task Redis_LosesEverything_ClientsComeBackFromPostgres()
    {
        await using var host = await StoreHost.StartAsync(Store.Postgres, ownProcess: true);
        var client = await TestClient.RegisterAsync(await host.ServeAsync(Settings));
        await client.HasPolicyAsync("r", 10);
        await client.CheckAsync("u", "r");

        await host.Redis.FlushAsync();
        var again = await client.OnceOnAsync(await host.ServeAsync(Settings));

        Assert.That((await again.CheckAsync("u", "r")).MustBeOk().Remaining, Is.EqualTo(9));
        Assert.That(await again.PoliciesAsync(), Has.Count.EqualTo(1));
        Assert.That((await client.CheckAsync("u", "r")).MustBeOk().Remaining, Is.EqualTo(8));
    }

    [Test]
    public async Task DeleteClient_ThenRedisLosesEverything_StaysDeleted()
    {
        await using var host = await StoreHost.StartAsync(Store.Postgres, ownProcess: true);
        var service = await host.ServeAsync(Settings);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);

        var deleted = (await client.DeleteAsync()).MustBeOk();

        Assert.That(deleted["deleted"].GetProperty("policies").GetInt64(), Is.EqualTo(1));
        Assert.That(deleted["deleted"].GetProperty("keys").GetInt64(), Is.EqualTo(1));
        await host.Redis.FlushAsync();
        var again = client.On(await host.ServeAsync(Settings));
        // A slowly starting service reports that its state is unknown yet.
        await Poll.UntilAsync(
            "The state is unknown.",
            Recovered,
            async () => (await again.GetAsync("/policy")).Status != 503
        );
        (await again.GetAsync("/policy")).MustBeProblem(401);
        Assert.That(
            await host.Postgres.ExecuteAsync(
                host.Database,
                $"select action from ratelimiter.audit where client_id = '{client.Id}' order by id desc limit 1"
            ),
            Is.EqualTo("client.deleted")
        );
    }

    private static Task<TimeSpan> MustBecomeAsync(TestClient client, string status) =>
        Poll.UntilAsync(
            $"It does not become {status}.",
            Recovered,
            async () =>
            {
                var answer = await client.GetAsync("/health/ready");
                Assert.That(answer.Status, Is.EqualTo(200));
                return answer["checks"].GetProperty("postgres").GetString() == status
                    && answer["checks"].GetProperty("store").GetString() == "healthy";
            }
        );
}
