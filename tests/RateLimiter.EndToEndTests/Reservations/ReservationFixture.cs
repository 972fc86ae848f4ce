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
}
