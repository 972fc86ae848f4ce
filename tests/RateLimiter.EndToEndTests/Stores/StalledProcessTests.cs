using System.Diagnostics;
using StackExchange.Redis;

namespace RateLimiter.EndToEndTests.Stores;

/// <summary>
/// A process that is not scheduled while its store answers, as on a busy machine or in a container with a fraction of a
/// core: the answer is available when the process resumes, and counts, however late it is by wall-clock time.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class StalledProcessTests
{
    private const int Rounds = 10;

    /// <summary>Within the store timeout of a check.</summary>
    private static readonly TimeSpan StorePause = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan Sent = TimeSpan.FromMilliseconds(15);

    /// <summary>Longer than any store timeout.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(1200);

    /// <summary>Longer than a change may stay unseen on another instance, and than the Redis client's timeout.</summary>
    private static readonly TimeSpan Sleep = TimeSpan.FromSeconds(6);

    /// <summary>How long after the process resumes a revoked key is tried.</summary>
    private static readonly TimeSpan Awake = TimeSpan.FromSeconds(1.5);

    private const int Nights = 2;
    private const int Callers = 16;

    [Test]
    public async Task Service_WakesUp_LetsNoKeyInThatWasRevokedMeanwhile()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var awake = await host.ServeAloneAsync(SharedServices.Open, SharedServices.Forgiving);
        var sleeper = await host.ServeAloneAsync(SharedServices.Open, SharedServices.Forgiving);
        var owner = await TestClient.RegisterAsync(awake);
        await owner.HasPolicyAsync("r", 1_000_000);
        List<string> accepted = [];
        for (var night = 0; night < Nights; night++)
        {
            var made = (
                await owner.PostAsync("/keys", """{"name":"mine","scopes":["check"]}""")
            ).Body;
            var caller = owner.With(made.GetProperty("api_key").GetString()!).On(sleeper);
            await Poll.UntilAsync(
                "The key is not accepted.",
                TimeSpan.FromSeconds(10),
                async () => (await caller.CheckAsync("u", "r")).Status == 200
            );
            await sleeper.PauseAsync();
            (
                await owner.SendAsync(
                    HttpMethod.Delete,
                    $"/keys/{made.GetProperty("key_id").GetString()}"
                )
            ).MustBeStatus(204);
            await Task.Delay(Sleep);
            // Some requests are sent before it resumes, and are the first that it processes.
            var callers = Enumerable.Range(0, Callers).Select(_ => TryAsync(caller)).ToList();
            await Task.Delay(Sent);
            await sleeper.ResumeAsync();
            accepted.AddRange((await Task.WhenAll(callers)).SelectMany(it => it));
        }

        Assert.That(accepted, Is.Empty);
    }

    private static async Task<IEnumerable<string>> TryAsync(TestClient caller)
    {
        var start = Stopwatch.GetTimestamp();
        List<string> accepted = [];
        while (Stopwatch.GetElapsedTime(start) < Awake)
        {
            if (await caller.CheckAsync("u", "r") is { Status: 200 } answer)
            {
                accepted.Add(
                    $"{Stopwatch.GetElapsedTime(start).TotalMilliseconds:F0} ms: {answer.Text}"
                );
            }
        }

        return accepted;
    }

    [Test]
    public async Task Service_StandsStillWhileTheStoreAnswers_TheAnswerCounts()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var service = await host.ServeAloneAsync(SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1000);
        await client.CheckAsync("u", "r");
        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            $"{host.Redis.ConnectionString},allowAdmin=true"
        );

        List<Answer> answers = [];
        for (var round = 0; round < Rounds; round++)
        {
            await redis
                .GetServers()[0]
                .ExecuteAsync("CLIENT", "PAUSE", $"{StorePause.TotalMilliseconds}", "ALL");
            var check = client.CheckAsync("u", "r");
            var policies = client.GetAsync("/policy");
            // Both are sent, and neither has a response.
            await Task.Delay(Sent);
            await service.PauseAsync();
            await Task.Delay(Stall);
            await service.ResumeAsync();
            answers.Add(await check);
            (await policies).MustBeOk();
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                answers.Select(answer => answer.MustBeOk()["degraded"].GetBoolean()),
                Has.All.False
            );
            Assert.That(service.Output, Does.Not.Contain("The store does not answer"));
            Assert.That(service.Output, Does.Contain("too little processor time"));
            Assert.That(
                (await client.GetAsync("/metrics")).Text,
                Does.Match(@"ratelimiter_process_stalled_seconds_total(\{[^}]*\})? [1-9]")
            );
        }
    }
}
