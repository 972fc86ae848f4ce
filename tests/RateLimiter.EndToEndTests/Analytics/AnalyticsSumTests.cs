namespace RateLimiter.EndToEndTests.Analytics;

/// <summary>The sums of figures stay exact, whatever happens to the instances and the store meanwhile.</summary>
[TestFixture]
public sealed class AnalyticsSumTests
{
    private const int Checks = 600;

    private static readonly TimeSpan Seen = TimeSpan.FromSeconds(10);

    [Test]
    public async Task Summary_ChecksOnTwoInstances_IsExactlyThem()
    {
        var (_, first) = await SharedServices.OfAsync(Store.Redis);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Redis);
        var here = await TestClient.RegisterAsync(first);
        var there = await here.OnceOnAsync(second);
        await here.HasPolicyAsync("r", 100);
        await there.HasPolicyAsync("s", 100);

        await CheckAsync(here, there);

        await MustSeeAllAsync(here);
        await MustSeeAllAsync(there);
    }

    [TestCase(Store.Embedded)]
    [TestCase(Store.Redis)]
    public async Task Summary_ServiceStartedAgain_HasLostNothing(Store store)
    {
        await using var host = await StoreHost.StartAsync(store, ownProcess: true);
        var service = await host.ServeAsync(SharedServices.Patient);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 100);
        await client.HasPolicyAsync("s", 100);
        await CheckAsync(client, client);

        await service.DisposeAsync();
        var again = await client.OnceOnAsync(await host.ServeAsync(SharedServices.Patient));

        await MustSeeAllAsync(again);
    }

    [Test]
    [NonParallelizable]
    public async Task Summary_StoreStoodStill_IsExactlyTheChecksThatWereDecided()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var client = await TestClient.RegisterAsync(await host.ServeAsync());
        await client.HasPolicyAsync("r", 100);
        using var enough = new CancellationTokenSource();
        var decided = 0;
        var checking = Task.WhenAll(Enumerable.Range(0, 8).Select(_ => CheckAsync()));

        for (var outage = 0; outage < 3; outage++)
        {
            await host.Redis.PauseAsync();
            (await client.GetAsync("/analytics/summary")).MustBeProblem(503);
            await host.Redis.ResumeAsync();
            await Poll.UntilAsync(
                "The service does not reconnect to the store.",
                Seen,
                async () => (await client.GetAsync("/analytics/summary")).Status == 200
            );
        }

        await enough.CancelAsync();
        await checking;
        Assert.That(await SumAsync(client), Is.EqualTo(decided));

        async Task CheckAsync()
        {
            while (!enough.IsCancellationRequested)
            {
                // Authentication may need the store.
                if ((await client.CheckAsync("u", "r")).Status == 200)
                {
                    Interlocked.Increment(ref decided);
                }
            }
        }
    }

    private static Task CheckAsync(TestClient here, TestClient there) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, Checks),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) =>
                (
                    await (i % 2 == 0 ? here : there).CheckAsync("u", i % 3 == 0 ? "r" : "s")
                ).MustBeOk()
        );

    private static async Task MustSeeAllAsync(TestClient client)
    {
        await Poll.UntilAsync(
            "Some checks are not counted.",
            Seen,
            async () => await SumAsync(client) == Checks
        );
        var answer = (await client.GetAsync("/analytics/summary")).MustBeOk();
        Assert.That(answer["allowed"].GetInt64() + answer["denied"].GetInt64(), Is.EqualTo(Checks));
        Assert.That(await TopAsync("user"), Is.EqualTo(new[] { $"u {Checks}" }));
        Assert.That(
            await TopAsync("route"),
            Is.EqualTo(new[] { $"s {Checks * 2 / 3}", $"r {Checks / 3}" })
        );

        async Task<IEnumerable<string>> TopAsync(string by) =>
            (await client.GetAsync($"/analytics/top?by={by}"))["entries"]
                .EnumerateArray()
                .Select(entry => $"{entry.GetProperty("name")} {entry.GetProperty("count")}");
    }

    private static async Task<long> SumAsync(TestClient client) =>
        (await client.GetAsync("/analytics/timeseries"))
            .MustBeOk()["buckets"]
            .EnumerateArray()
            .Sum(bucket => bucket.GetProperty("checks").GetInt64());
}
