namespace RateLimiter.EndToEndTests.Reservations;

/// <summary>The quota of the reservations that a client has open, with 40 instead of 100,000.</summary>
[TestFixture]
public sealed class ReservationQuotaTests
{
    private const int Quota = 40;

    private static readonly (string, string)[] Settings =
    [
        SharedServices.Patient,
        SharedServices.Open,
        ("Quotas__OpenReservations", $"{Quota}"),
    ];

    [TestCase(Store.Redis)]
    [TestCase(Store.Embedded)]
    [Contract(
        "Open reservations of a client, over its users and both instances: within 10 % of the quota, then 429; settling always passes"
    )]
    public async Task Reserve_MoreThanTheQuota_IsRefusedUntilOthersAreSettled(Store store)
    {
        await using var host = await StoreHost.StartAsync(store);
        var first = await host.ServeAsync(Settings);
        // One instance uses the embedded store.
        var second = store == Store.Embedded ? first : await host.ServeAsync(Settings);
        var client = await TestClient.RegisterAsync(first);
        var other = await TestClient.RegisterAsync(first);
        await client.HasPolicyAsync("r", 1000);
        await other.HasPolicyAsync("r", 1000);
        TestClient[] instances = [client.On(first), client.On(second)];

        var ids = new List<string>();
        Answer? refused = null;
        for (var i = 0; refused is null && i <= 2 * Quota; i++)
        {
            var answer = await ReserveAsync(instances[i % 2], $"u{i}");
            if (answer.Status == 429)
            {
                refused = answer;
            }
            else
            {
                ids.Add(answer.MustBeOk()["reservation_id"].GetString()!);
            }
        }

        using (Assert.EnterMultipleScope())
        {
            Assert.That(ids, Has.Count.InRange(0.9 * Quota, 1.1 * Quota));
            refused!.MustBeProblem(429);
            Assert.That(refused.Headers["Retry-After"], Is.EqualTo("1"));
            (await ReserveAsync(other, "u")).MustBeOk();
            (await client.CheckAsync("u", "r")).MustBeOk();
        }

        (
            await client.PostAsync($"/reservations/{ids[0]}/extend", """{"ttl_seconds":60}""")
        ).MustBeOk();
        (await client.PostAsync($"/reservations/{ids[1]}/commit", """{"cost":1}""")).MustBeOk();
        foreach (var id in ids.Skip(2).Take(Quota / 4))
        {
            (await client.SendAsync(HttpMethod.Delete, $"/reservations/{id}")).MustBeStatus(204);
        }

        await Poll.UntilAsync(
            "What was settled on one instance still counts on the other.",
            TwoInstances.Visible,
            async () => (await ReserveAsync(instances[1], "again")).Status == 200
        );
    }

    [Test]
    [Contract("Metrics of reservations: open, settled by outcome, and expired unsettled")]
    public async Task Metrics_ReservationsSettledAndExpired_AreCounted()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis);
        var service = await host.ServeAloneAsync(Settings);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1000);
        Assert.That(
            await Metrics.FreshAsync(service, _ => true),
            Does.Contain("ratelimiter_reservations_settlements_total{outcome=\"late\"} 0")
        );
        var committed = Id(await ReserveAsync(client, "u"));
        await ReserveAsync(client, "u", ttl: 1);
        await ReserveAsync(client, "u");

        (await client.PostAsync($"/reservations/{committed}/commit", """{"cost":1}""")).MustBeOk();

        await Poll.UntilAsync(
            "The metrics do not show it.",
            TimeSpan.FromSeconds(20),
            async () =>
            {
                var text = await Metrics.FreshAsync(service, _ => true);
                return text.Contains(
                        "ratelimiter_reservations_settlements_total{outcome=\"committed\"} 1"
                    )
                    // The warm-up makes one too.
                    && text.Contains("ratelimiter_reservations_expired_total{} 2")
                    && text.Contains("ratelimiter_reservations_open{} 1");
            }
        );
    }

    private static string Id(Answer reserved) => reserved.MustBeOk()["reservation_id"].GetString()!;

    private static Task<Answer> ReserveAsync(TestClient client, string user, int ttl = 600) =>
        client.PostAsync(
            "/reservations",
            $$"""{"user_id":"{{user}}","route_key":"r","ttl_seconds":{{ttl}}}"""
        );
}
