namespace RateLimiter.ApiTests.Simulation;

/// <summary>Settlements of reservations in the log, and in POST /policy/simulate.</summary>
public sealed class ReservationSimulationTests : ServiceFixture
{
    private static readonly string[] Algorithms =
    [
        """ "limit":10,"window_seconds":3600 """,
        """ "limit":10,"window_seconds":3600,"algorithm":"sliding_window" """,
        """ "limit":10,"window_seconds":3600,"algorithm":"sliding_log" """,
        """ "limit":10,"window_seconds":3600,"algorithm":"token_bucket" """,
        """ "limit":10,"algorithm":"calendar","period":"year" """,
    ];

    [Test]
    [Contract("kind=all: commits and releases of reservations")]
    public async Task Logs_SettledReservations_AreChanges()
    {
        await Client.HasPolicyAsync("search", 100);
        var first = await ReserveAsync("alice", 40);
        await CommitAsync(first, 10, final: false);
        await CommitAsync(first, 15);
        await CommitAsync(first, 15);
        var second = await ReserveAsync("bob", 30);
        await Client.SendAsync(HttpMethod.Delete, $"/reservations/{second}");
        await Client.SendAsync(HttpMethod.Delete, $"/reservations/{second}");

        var log = await Client.LogsAsync("?kind=all");

        Assert.That(
            log.Select(it =>
                (
                    it.GetProperty("kind").GetString(),
                    it.GetProperty("user_id").GetString(),
                    it.GetProperty("route").GetString(),
                    it.GetProperty("cost").GetInt64(),
                    it.GetProperty("granted").GetInt64(),
                    it.GetProperty("released").ToString(),
                    it.GetProperty("remaining").GetInt64(),
                    it.GetProperty("limit").GetInt64(),
                    it.GetProperty("reservation_id").GetString()
                )
            ),
            Is.EqualTo(
                new (string?, string?, string?, long, long, string, long, long, string?)[]
                {
                    ("release", "bob", "search", 30, 30, "30", 100, 100, second[..8]),
                    ("decision", "bob", "search", 30, 30, "", 70, 100, second[..8]),
                    ("commit", "alice", "search", 15, 15, "25", 85, 100, first[..8]),
                    ("commit", "alice", "search", 10, 10, "0", 60, 100, first[..8]),
                    ("decision", "alice", "search", 40, 40, "", 60, 100, first[..8]),
                }
            )
        );
        Assert.That(await Client.LogsAsync(), Has.Count.EqualTo(2));
    }

    [TestCaseSource(nameof(Algorithms))]
    [Contract("POST /policy/simulate: reservations are replayed with their settlements")]
    public async Task Simulate_Reservations_DecidesAsItDid(string limit)
    {
        var policy = $$"""{"route_key":"search",{{limit}}}""";
        (await Client.PostAsync("/policy", policy)).MustBeOk();
        var first = await ReserveAsync("alice", 8);
        await Client.CheckAsync("alice", "search", cost: 3);
        await CommitAsync(first, 2);
        await Client.CheckAsync("alice", "search", cost: 7);
        await Client.CheckAsync("alice", "search", cost: 7);
        var second = await ReserveAsync("bob", 10);
        await Client.CheckAsync("bob", "search");
        await Client.SendAsync(HttpMethod.Delete, $"/reservations/{second}");
        await Client.CheckAsync("bob", "search", cost: 9);
        var third = await ReserveAsync("carol", 2);
        await CommitAsync(third, 5, final: false);
        await CommitAsync(third, 9);
        await Client.CheckAsync("carol", "search", cost: 2);
        var fourth = await ReserveAsync("dave", 6);
        await Client.SendAsync(HttpMethod.Delete, "/usage?user_id=dave&route_key=search");
        await CommitAsync(fourth, 4);
        await Client.CheckAsync("dave", "search", cost: 6);
        await Client.CheckAsync("dave", "search", cost: 1);
        var log = await Client.LogsAsync();
        var allowed = log.Count(it => it.GetProperty("allowed").GetBoolean());

        var simulated = await Client.PostAsync("/policy/simulate", $$"""{"policy":{{policy}}}""");

        var verdicts = $$"""{"allowed":{{allowed}},"denied":{{log.Count - allowed}}}""";
        Assert.That(log.Count - allowed, Is.EqualTo(5));
        Assert.That(simulated["current"].GetRawText(), Is.EqualTo(verdicts));
        Assert.That(simulated["proposed"].GetRawText(), Is.EqualTo(verdicts));
        Assert.That(simulated["newly_denied"].GetInt64(), Is.Zero);
    }

    private async Task<string> ReserveAsync(string user, long cost) =>
        (
            await Client.PostAsync(
                "/reservations",
                $$"""{"user_id":"{{user}}","route_key":"search","cost":{{cost}}}"""
            )
        )
            .MustBeOk()["reservation_id"]
            .GetString()!;

    private async Task CommitAsync(string id, long cost, bool final = true) =>
        (
            await Client.PostAsync(
                $"/reservations/{id}/commit",
                $$"""{"cost":{{cost}},"final":{{(final ? "true" : "false")}}}"""
            )
        ).MustBeOk();
}
