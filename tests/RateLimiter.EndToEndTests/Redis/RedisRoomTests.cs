namespace RateLimiter.EndToEndTests.Redis;

/// <summary>What callers see of a Redis without memory (maxmemory, noeviction): it is full, not unavailable.</summary>
[TestFixture(Store.Redis)]
[TestFixture(Store.Postgres)]
public sealed class RedisRoomTests(Store store)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Service_RedisHasNoMemoryLeft_ReadsAndDeletesAndSaysSoOnce()
    {
        await using var host = await StoreHost.StartAsync(store, ownProcess: true);
        var service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        var other = await TestClient.RegisterAsync(service);
        foreach (var mode in new[] { "deny", "allow" })
        {
            (
                await client.PostAsync(
                    "/policy",
                    $$"""{"route_key":"{{mode}}","limit":10,"window_seconds":3600,"on_store_failure":"{{mode}}"}"""
                )
            ).MustBeOk();
        }

        Assert.That((await client.CheckAsync("u", "deny")).MustBeOk().Allowed);

        await host.Redis.LimitMemoryAsync("1mb");

        await Poll.UntilAsync(
            "Checks are decided by the store.",
            Patience,
            async () => (await client.CheckAsync("v", "deny")).MustBeOk().IsDegraded
        );
        for (var i = 0; i < 50; i++)
        {
            Assert.That((await client.CheckAsync("v", "deny")).MustBeOk().Allowed, Is.False);
            Assert.That((await client.CheckAsync("v", "allow")).MustBeOk().Allowed);
        }

        Assert.That(await client.RemainingAsync("u", "deny"), Is.EqualTo(9));
        foreach (var path in new[] { "/policy", "/keys", "/logs/latest", "/analytics/summary" })
        {
            (await client.GetAsync(path)).MustBeOk();
        }

        foreach (
            var refused in new[]
            {
                await new ApiClient(service).RegisterAsync("One more"),
                await client.SavePolicyAsync("new", 10),
            }
        )
        {
            refused.MustBeProblem(503);
            Assert.That(refused["detail"].GetString(), Does.StartWith("The store is full"));
        }

        (await client.DeletePolicyAsync("allow")).MustBeOk();
        (await client.SendAsync(HttpMethod.Delete, "/usage?user_id=u&route_key=deny")).MustBeStatus(
            204
        );
        Assert.That((await other.DeleteAsync()).Status, Is.EqualTo(200).Or.EqualTo(202));
        Assert.That(
            (await client.GetAsync("/health/ready")).MustBeOk()["status"].GetString(),
            Is.EqualTo("degraded")
        );

        await host.Redis.LimitMemoryAsync("0");

        await Poll.UntilAsync(
            "The store decides nothing.",
            Patience,
            async () => !(await client.CheckAsync("v", "deny")).MustBeOk().IsDegraded
        );
        (await client.SavePolicyAsync("new", 10)).MustBeOk();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Lines("has no memory left"), Is.EqualTo(1));
            Assert.That(Lines("has memory again"), Is.EqualTo(1));
            Assert.That(Lines("does not answer"), Is.Zero);
            Assert.That(Lines("were dropped from the log"), Is.Zero);
        }

        int Lines(string text) => service.OutputLines.Count(line => line.Contains(text));
    }
}
