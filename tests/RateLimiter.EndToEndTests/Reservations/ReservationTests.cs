namespace RateLimiter.EndToEndTests.Reservations;

/// <summary>Reservations of the same subjects on two instances.</summary>
public abstract class ReservationTests : ReservationFixture
{
    [Test]
    [Contract(
        "Parallel reservations from two instances, settled or dropped at random: used is never above the limit"
    )]
    public async Task Reserve_InParallelOnBothInstances_NeverTakesMoreThanTheLimit(
        [Values(
            """ "algorithm":"fixed_window" """,
            """ "algorithm":"sliding_window" """,
            """ "algorithm":"sliding_log" """,
            """ "algorithm":"token_bucket" """
        )]
            string algorithm
    )
    {
        await SaveAsync($$"""{"name":"all","limit":100,{{AYear}},{{algorithm}}}""");
        var seen = await SampleAsync(
            seed: 0,
            async (random, instance) =>
            {
                var reserved = await ReserveAsync(instance, 58, "u", ttl: 1);
                // Else a holder that dies.
                if (reserved.MustBeOk().Allowed && random.Next(3) != 0)
                {
                    await ReleaseAsync(random.Next(2) == 0 ? Here : There, Id(reserved));
                }
            }
        );

        Assert.That(seen, Is.All.InRange(0, 100));
        Assert.That(seen, Has.Some.EqualTo(58));
        await Poll.UntilAsync(
            "What was dropped does not come back.",
            TimeSpan.FromSeconds(5),
            async () => await UsedAsync(There) == 0
        );
    }

    [Test]
    [Contract("Four commits of one id at once from two instances charge once")]
    public async Task Commit_FourAtOnceOnBothInstances_ChargesOnce()
    {
        await SaveAsync($$"""{"name":"all","limit":100,{{AYear}}}""");
        for (var round = 1; round <= 5; round++)
        {
            var id = Id(await ReserveAsync(Here, 10, "u"));

            var commits = await Task.WhenAll(
                Enumerable
                    .Range(0, 4)
                    .Select(i =>
                        (i % 2 == 0 ? Here : There).PostAsync(
                            $"/reservations/{id}/commit",
                            """{"cost":12}"""
                        )
                    )
            );

            Assert.That(
                commits.Select(commit => commit.MustBeOk().Text).Distinct().Count(),
                Is.EqualTo(1)
            );
            Assert.That(await UsedAsync(Here), Is.EqualTo(12 * round));
        }
    }

    [Test]
    [Contract(
        "Counters of several subjects: a reservation is settled on the other instance, in one slot"
    )]
    public async Task Settle_SeveralSubjectsOnTheOtherInstance_ReachesEveryCounter()
    {
        await SaveAsync(
            $$"""{"name":"org","limit":100,{{AYear}},"per":["org"]}""",
            $$"""{"name":"both","limit":100,{{AYear}},"per":["org","user_id"],"algorithm":"sliding_log"}"""
        );
        for (var i = 0; i < 10; i++)
        {
            // Organisations of several slots.
            var org = $"org {i}";
            var kept = Id(await ReserveAsync(Here, 20, "u", org));
            var given = Id(await ReserveAsync(There, 30, "u", org));

            (await There.PostAsync($"/reservations/{kept}/commit", """{"cost":5}""")).MustBeOk();
            (await Here.SendAsync(HttpMethod.Delete, $"/reservations/{given}")).MustBeStatus(204);

            var usage = await There.GetAsync(
                $"/usage?route_key=r&user_id=u&subject.org={Uri.EscapeDataString(org)}"
            );
            Assert.That(
                usage
                    .MustBeOk()["limits"]
                    .EnumerateArray()
                    .Select(limit => limit.GetProperty("used").GetInt64()),
                Is.EqualTo(new[] { 5, 5 })
            );
        }
    }

    [Test]
    [Contract("A release ends what the other instance remembers of the denial")]
    public async Task Release_OnOneInstance_EndsTheDenialThatTheOtherRemembers()
    {
        await SaveAsync($$"""{"name":"all","limit":10,{{AYear}}}""");
        var id = Id(await ReserveAsync(Here, 10, "u"));
        for (var i = 0; i < 3; i++)
        {
            Assert.That((await There.CheckAsync("u", "r")).MustBeOk().Allowed, Is.False);
        }

        await Here.SendAsync(HttpMethod.Delete, $"/reservations/{id}");

        await Poll.UntilAsync(
            "The denial is still remembered.",
            TwoInstances.Visible,
            async () => (await There.CheckAsync("u", "r")).MustBeOk().Allowed
        );
    }

    [Test]
    [Contract("A remembered denial ends with the first hold that expires")]
    public async Task Check_DeniedByAHold_PassesWhenItHasExpired()
    {
        await SaveAsync($$"""{"name":"all","limit":10,{{AYear}}}""");
        await ReserveAsync(Here, 10, "u", ttl: 2);
        var denial = (await There.CheckAsync("u", "r")).MustBeOk();

        Assert.That(denial.Allowed, Is.False);
        Assert.That(denial["retry_after_ms"].GetInt64(), Is.InRange(1, 2000));
        await Poll.UntilAsync(
            "The denial outlives the hold.",
            TimeSpan.FromSeconds(4),
            async () => (await There.CheckAsync("u", "r")).MustBeOk().Allowed
        );
    }

    [Test]
    [Contract("Idempotency-Key: the same answer from every instance")]
    public async Task Check_KeyOnBothInstances_IsChargedOnce()
    {
        await SaveAsync($$"""{"name":"all","limit":10,{{AYear}}}""");
        const string check = """{"user_id":"u","route_key":"r","cost":3}""";

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 10)
                .Select(i =>
                    (i % 2 == 0 ? Here : There).SendAsync(
                        HttpMethod.Post,
                        "/check",
                        check,
                        ("Idempotency-Key", "k")
                    )
                )
        );

        Assert.That(
            answers.Select(answer => answer.MustBeOk().Text).Distinct().Count(),
            Is.EqualTo(1)
        );
        Assert.That(await UsedAsync(There), Is.EqualTo(3));
    }
}

/// <summary>On the embedded store, which one instance uses.</summary>
[TestFixture]
public sealed class ReservationsOnEmbeddedTests : ReservationTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() =>
        SharedServices.TwoOfAsync(Store.Embedded);

    [Test]
    [Contract(
        "The embedded store and the service are killed: after their time to live all permits are back"
    )]
    public async Task Kill_WithOpenReservations_AllComesBack()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var (allowed, again) = await HoldAndKillAsync(
            host,
            """{"route_key":"r","limit":1000,"window_seconds":31536000}""",
            asked: 200,
            cost: 5
        );

        Assert.That(allowed, Is.EqualTo(200));
        Assert.That(await again.RemainingAsync("u", "r"), Is.EqualTo(1000));
    }
}

/// <summary>On one real Redis.</summary>
[TestFixture]
public sealed class ReservationsOnRedisTests : ReservationTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() =>
        SharedServices.TwoOfAsync(Store.Redis);
}

/// <summary>On a Redis Cluster of three masters.</summary>
[TestFixture]
[NonParallelizable]
public sealed class ReservationsInAClusterTests : ReservationTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() => SharedCluster.OfAsync();
}
