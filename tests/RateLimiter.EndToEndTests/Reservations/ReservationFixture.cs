namespace RateLimiter.EndToEndTests.Reservations;

/// <summary>Reservations of the same subjects on two instances.</summary>
public abstract class ReservationFixture
{
    protected const string AYear = "\"window_seconds\":31536000";

    /// <summary>The client, asking the first instance.</summary>
    protected TestClient Here { get; private set; } = null!;

    /// <summary>The client, asking the second.</summary>
    protected TestClient There { get; private set; } = null!;

    /// <summary>Two instances on one store, or one and the same where only one can use the store.</summary>
    protected abstract Task<(Service Here, Service There)> ServeAsync();

    [SetUp]
    public async Task OpenAsync()
    {
        var (first, second) = await ServeAsync();
        Here = await TestClient.RegisterAsync(first);
        There = Here.On(second);
    }

    protected static string Id(Answer reserved) =>
        reserved.MustBeOk()["reservation_id"].GetString()!;

    protected static async Task<long> UsedAsync(TestClient instance) =>
        (await instance.GetAsync("/usage?route_key=r&user_id=u")).MustBeOk()["used"].GetInt64();

    protected static Task<Answer> ReserveAsync(
        TestClient instance,
        long cost,
        string user,
        string org = "acme",
        int ttl = 600,
        int slots = 1
    ) =>
        instance.PostAsync(
            "/reservations",
            $$$"""{"user_id":"{{{user}}}","route_key":"r","cost":{{{cost}}},"ttl_seconds":{{{ttl}}},"slots":{{{slots}}},"subjects":{"org":"{{{org}}}"}}"""
        );

    protected static async Task ReleaseAsync(TestClient instance, string id) =>
        (await instance.SendAsync(HttpMethod.Delete, $"/reservations/{id}")).MustBeStatus(204);

    protected async Task SaveAsync(params string[] limits)
    {
        (
            await Here.PostAsync(
                "/policy",
                $$"""{"route_key":"r","limits":[{{string.Join(',', limits)}}]}"""
            )
        ).MustBeOk();
        await Poll.UntilAsync(
            "The policy is not seen by the other instance.",
            TwoInstances.Visible,
            async () => (await There.CheckAsync("nobody", "r", cost: 0)).Status != 404
        );
    }

    /// <summary>Eight callers on both instances for three seconds.</summary>
    /// <param name="seed">Of their random numbers.</param>
    /// <param name="work">What a caller does, again and again, with its random numbers and its instance.</param>
    /// <returns>The permits or slots in use meanwhile, as often as they could be read.</returns>
    protected async Task<IReadOnlyList<long>> SampleAsync(
        int seed,
        Func<Random, TestClient, Task> work
    )
    {
        var end = TimeProvider.System.GetUtcNow().AddSeconds(3);
        var seen = new List<long>();
        await Task.WhenAll([
            .. Enumerable
                .Range(0, 8)
                .Select(i => RepeatAsync(new Random(seed + i), i % 2 == 0 ? Here : There)),
            ReadAsync(),
        ]);
        return seen;

        async Task RepeatAsync(Random random, TestClient instance)
        {
            while (TimeProvider.System.GetUtcNow() < end)
            {
                await work(random, instance);
            }
        }

        async Task ReadAsync()
        {
            while (TimeProvider.System.GetUtcNow() < end)
            {
                seen.Add(await UsedAsync(Here));
            }
        }
    }

    /// <summary>Makes reservations of three seconds, kills the embedded store, and waits until they have expired.</summary>
    /// <param name="host">The embedded store.</param>
    /// <param name="policy">The policy of the route.</param>
    /// <param name="asked">How many reservations are asked for.</param>
    /// <param name="cost">The cost of each.</param>
    /// <returns>How many were allowed, and the client on the store that was started again.</returns>
    protected static async Task<(int Allowed, TestClient Again)> HoldAndKillAsync(
        StoreHost host,
        string policy,
        int asked,
        long cost
    )
    {
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        (await client.PostAsync("/policy", policy)).MustBeOk();
        var reserved = await Task.WhenAll(
            Enumerable.Range(0, asked).Select(_ => ReserveAsync(client, cost, "u", ttl: 3))
        );
        var allowed = reserved.Where(it => it.MustBeOk().Allowed).ToList();
        // A save is durable, and so is everything before it.
        await client.HasPolicyAsync("other", 1);
        await service.KillAsync();
        var again = await client.OnceOnAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );
        var latest = allowed.Max(it => it["expires_at"].GetDateTimeOffset());
        await Poll.UntilAsync(
            "The reservations have not expired.",
            TimeSpan.FromSeconds(10),
            () => Task.FromResult(TimeProvider.System.GetUtcNow() > latest)
        );
        return (allowed.Count, again);
    }
}
