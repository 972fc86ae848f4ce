namespace RateLimiter.ApiTests.Reservations;

/// <summary>Makes and settles reservations on one route.</summary>
public abstract class ReservationFixture : ServiceFixture
{
    protected static string Id(Answer reserved) =>
        reserved.MustBeOk()["reservation_id"].GetString()!;

    /// <summary>Waits until a reservation has expired, unless it was extended.</summary>
    protected static async Task ExpiryAsync(Answer reserved)
    {
        var expiry = reserved["expires_at"].GetDateTimeOffset();
        await Poll.UntilAsync(
            "The reservation does not expire.",
            TimeSpan.FromSeconds(30),
            () => Task.FromResult(TimeProvider.System.GetUtcNow() > expiry)
        );
    }

    protected async Task HasPolicyAsync(string limit) =>
        (await Client.PostAsync("/policy", $$"""{"route_key":"r",{{limit}}}""")).MustBeOk();

    protected Task<Answer> ReserveAsync(long cost, string? more = null, string user = "u") =>
        Client.PostAsync(
            "/reservations",
            $$"""{"user_id":"{{user}}","route_key":"r","cost":{{cost}}{{(more is null ? "" : $",{more}")}}}"""
        );

    protected Task<Answer> CommitAsync(string id, long cost, bool isFinal = true) =>
        Client.PostAsync(
            $"/reservations/{id}/commit",
            $$"""{"cost":{{cost}}{{(isFinal ? "" : ",\"final\":false")}}}"""
        );

    protected Task<Answer> ExtendAsync(string id, int seconds) =>
        Client.PostAsync($"/reservations/{id}/extend", $$"""{"ttl_seconds":{{seconds}}}""");

    protected Task<Answer> ReleaseAsync(string id) =>
        Client.SendAsync(HttpMethod.Delete, $"/reservations/{id}");

    protected Task<Answer> CheckAsync(long cost) => Client.CheckAsync("u", "r", cost: cost);

    protected Task<long> RemainingAsync() => Client.RemainingAsync("u", "r");
}
