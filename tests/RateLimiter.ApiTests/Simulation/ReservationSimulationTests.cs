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

    [Test]
    [Contract(
        "POST /policy/simulate: slots are replayed with the settlements of their reservations"
    )]
    public async Task Simulate_Concurrency_DecidesAsItDid()
    {
        const string policy =
            """{"route_key":"search","limits":[{"limit":2,"algorithm":"concurrency"},{"limit":50,"window_seconds":86400}]}""";
        (await Client.PostAsync("/policy", policy)).MustBeOk();
        var first = await ReserveAsync("alice", 5);
        var second = await ReserveAsync("alice", 5);
        await MustDenyAsync("alice", 5);
        await CommitAsync(first, 2, final: false);
        await MustDenyAsync("alice", 5);
        await CommitAsync(first, 7);
        var third = await ReserveAsync("alice", 5);
        await Client.SendAsync(HttpMethod.Delete, $"/reservations/{second}");
        await Client.SendAsync(HttpMethod.Delete, $"/reservations/{third}");
        await ReserveAsync("alice", 40);
        await MustDenyAsync("alice", 10);

        var same = await SimulateAsync(2);
        // Two more hold 10 of the tokens, which the reservation of 40 lacks, so that the last one gets its 10.
        var wider = await SimulateAsync(4);
        var narrower = await SimulateAsync(1);

        Assert.That(
            (same["current"].GetRawText(), same["proposed"].GetRawText()),
            Is.EqualTo(("""{"allowed":4,"denied":3}""", """{"allowed":4,"denied":3}"""))
        );
        Assert.That(Changed(same), Is.EqualTo((0, 0)));
        Assert.That(Changed(wider), Is.EqualTo((3, 1)));
        Assert.That(Changed(narrower), Is.EqualTo((0, 1)));

        static (long Allowed, long Denied) Changed(Answer it) =>
            (it["newly_allowed"].GetInt64(), it["newly_denied"].GetInt64());

        async Task<Answer> SimulateAsync(int slots)
        {
            var proposed = policy.Replace(
                "\"limit\":2",
                $"\"limit\":{slots}",
                StringComparison.Ordinal
            );
            return (
                await Client.PostAsync("/policy/simulate", $$"""{"policy":{{proposed}}}""")
            ).MustBeOk();
        }
    }

    private async Task MustDenyAsync(string user, long cost) =>
        Assert.That(
            (
                await Client.PostAsync(
                    "/reservations",
                    $$"""{"user_id":"{{user}}","route_key":"search","cost":{{cost}}}"""
                )
            ).Allowed,
            Is.False
        );

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
