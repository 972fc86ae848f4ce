using StackExchange.Redis;

namespace RateLimiter.EndToEndTests;

/// <summary>
/// A process that is not run while its store answers, as on a busy machine or in a container with a fraction of a core: the
/// answer is there when it goes on, and counts, however late it is by the clock on the wall.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class StalledProcessTests
{
    private const int Rounds = 10;

    /// <summary>Within the time that a check waits for its store.</summary>
    private static readonly TimeSpan StorePause = TimeSpan.FromMilliseconds(40);

    private static readonly TimeSpan Sent = TimeSpan.FromMilliseconds(15);

    /// <summary>Longer than anything waits for the store.</summary>
    private static readonly TimeSpan Stall = TimeSpan.FromMilliseconds(1200);

    [Test]
    public async Task Service_StandsStillWhileTheStoreAnswers_TheAnswerCounts()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var service = await host.ServeAsync(SharedServices.Open);
        var client = await Client.RegisterAsync(service);
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
            // Both are sent, and neither is answered.
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
