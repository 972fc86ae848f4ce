namespace RateLimiter.EndToEndTests.Stores;

/// <summary>
/// A confirmed change holds on the instance that confirmed it, although the store hangs (SIGSTOP) right after. Not in
/// parallel with other tests, because time is measured.
/// </summary>
[FixtureLifeCycle(LifeCycle.SingleInstance)]
[NonParallelizable]
public abstract class AnsweredChangeFixture(Store store)
{
    /// <summary>The number of concurrent tenants: enough that a race which rarely loses is detected.</summary>
    private const int Tenants = 5;

    protected static readonly TimeSpan CheckTimeout = TimeSpan.FromSeconds(1);
    protected static readonly TimeSpan Recovered = TimeSpan.FromSeconds(30);

    private StoreHost host = null!;
    private Service here = null!;
    private TestClient probe = null!;

    /// <summary>The instance that receives invalidation messages.</summary>
    protected Service There { get; private set; } = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        (string Name, string Value)[] settings =
        [
            ("Store__TimeoutMs", $"{CheckTimeout.TotalMilliseconds}"),
            ("Store__OnFailure", "local"),
            SharedServices.Open,
            SharedServices.Forgiving,
            ("Postgres__TimeoutMs", "10000"),
        ];
        host = await StoreHost.StartAsync(store, ownProcess: true);
        (here, There) = (await host.ServeAsync(settings), await host.ServeAsync(settings));
        probe = await TestClient.RegisterAsync(here);
        await probe.HasPolicyAsync("r", 1);
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    /// <summary>
    /// Each of several tenants makes a change, the store hangs as soon as the change is confirmed, and the change must hold
    /// for each tenant.
    /// </summary>
    protected async Task HoldsAsync(
        Func<TestClient, Task> prepare,
        Func<TestClient, Task> change,
        Func<TestClient, Task<bool>> holds,
        Func<TestClient, Task>? outageBefore = null,
        Func<TestClient, Task>? afterwards = null
    )
    {
        await RecoversAsync();
        var tenants = await Task.WhenAll(
            Enumerable.Range(0, Tenants).Select(_ => TestClient.RegisterAsync(here))
        );
        await EachAsync(prepare);
        if (outageBefore is not null)
        {
            await PausedAsync(() => EachAsync(outageBefore));
        }

        await EachAsync(change);
        await PausedAsync(async () =>
            Assert.That(
                await Task.WhenAll(tenants.Select(holds)),
                Is.All.True,
                "Not what was confirmed."
            )
        );
        if (afterwards is not null)
        {
            await EachAsync(afterwards);
        }

        Task EachAsync(Func<TestClient, Task> act) => Task.WhenAll(tenants.Select(act));
    }

    private async Task PausedAsync(Func<Task> act)
    {
        await host.Redis.PauseAsync();
        try
        {
            await act();
        }
        finally
        {
            await host.Redis.ResumeAsync();
        }

        await RecoversAsync();
    }

    private async Task RecoversAsync()
    {
        foreach (var service in new[] { here, There })
        {
            await Poll.UntilAsync(
                "The service does not reconnect to the store.",
                Recovered,
                async () =>
                    await probe.On(service).CheckAsync("u", "r", cost: 0)
                        is { Status: 200, IsDegraded: false }
            );
        }
    }

    /// <summary>
    /// The outcome of a check. For a second after the process did not run, a client gets a 503 until the store confirms it:
    /// that is not an outcome yet.
    /// </summary>
    protected static async Task<Answer> CheckedAsync(
        TestClient client,
        string route = "r",
        int cost = 1
    )
    {
        Answer answer = null!;
        await Poll.UntilAsync(
            "Nothing but 503.",
            Recovered,
            async () =>
                (answer = await client.CheckAsync("u", route, cost: cost)) is not { Status: 503 }
        );
        return answer;
    }

    protected static async Task<long> LimitAsync(TestClient client)
    {
        var answer = await CheckedAsync(client, cost: 0);
        return answer.Status == 200 ? answer["limit"].GetInt64() : -answer.Status;
    }
}
