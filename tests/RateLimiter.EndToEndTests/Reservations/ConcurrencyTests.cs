namespace RateLimiter.EndToEndTests.Reservations;

/// <summary>Concurrency limits of the same subjects on two instances.</summary>
public abstract class ConcurrencyTests : ReservationFixture
{
    private const string Three = """{"name":"open","limit":3,"algorithm":"concurrency"}""";

    [Test]
    [Contract(
        "100 at once over two instances at a limit of 3: exactly 3, and again when these are settled"
    )]
    public async Task Reserve_HundredAtOnceOnBothInstances_ExactlyTheLimit()
    {
        await SaveAsync(Three);
        for (var round = 0; round < 5; round++)
        {
            var open = await HoldAsync(100);

            Assert.That(open, Has.Count.EqualTo(3));
            await Task.WhenAll(open.Select((id, i) => ReleaseAsync(i % 2 == 0 ? There : Here, id)));
            Assert.That(await UsedAsync(There), Is.Zero);
        }
    }

    [Test]
    [Contract(
        "Random slots, settled, extended or dropped at random: never more than the limit at any sample"
    )]
    public async Task Reserve_RandomSlotsOnBothInstances_NeverMoreThanTheLimit(
        [Values(1, 2, 3)] int seed
    )
    {
        await SaveAsync("""{"name":"open","limit":10,"algorithm":"concurrency"}""");
        var seen = await SampleAsync(
            100 * seed,
            async (random, instance) =>
            {
                var reserved = await ReserveAsync(
                    instance,
                    1,
                    "u",
                    ttl: 1,
                    slots: random.Next(1, 5)
                );
                if (!reserved.MustBeOk().Allowed)
                {
                    return;
                }

                var other = random.Next(2) == 0 ? Here : There;
                var path = $"/reservations/{Id(reserved)}";
                await (
                    random.Next(4) switch
                    {
                        // A holder that dies.
                        0 => Task.CompletedTask,
                        1 => other.PostAsync($"{path}/commit", """{"cost":1}"""),
                        2 => other.PostAsync($"{path}/extend", """{"ttl_seconds":1}"""),
                        _ => other.SendAsync(HttpMethod.Delete, path),
                    }
                );
            }
        );

        Assert.That(seen, Is.All.InRange(0, 10));
        Assert.That(seen, Has.Some.GreaterThan(7));
        await Poll.UntilAsync(
            "What was dropped does not come back.",
            TimeSpan.FromSeconds(5),
            async () => await UsedAsync(There) == 0
        );
        var passed = 0;
        while ((await ReserveAsync(There, 1, "u")).MustBeOk().Allowed)
        {
            passed++;
        }

        Assert.That(passed, Is.EqualTo(10));
    }

    [Test]
    [Contract("A release is noticed at once by everybody")]
    public async Task Release_OnOneInstance_LetsTheNextInOnTheOther()
    {
        await SaveAsync(Three);
        var open = await HoldAsync(3);
        for (var round = 0; round < 10; round++)
        {
            var denied = (await ReserveAsync(There, 1, "u")).MustBeOk();
            await ReleaseAsync(Here, open[round % 3]);
            var next = (await ReserveAsync(There, 1, "u")).MustBeOk();

            Assert.That((denied.Allowed, next.Allowed), Is.EqualTo((false, true)));
            open[round % 3] = Id(next);
        }
    }

    [Test]
    [Contract(
        "A slot of the user, one of the organisation's, and tokens, in one verdict over two instances"
    )]
    public async Task Reserve_SlotsAndTokensOfAnOrganisation_HoldsAllOrNone()
    {
        await SaveAsync(
            """{"name":"own","limit":1,"algorithm":"concurrency"}""",
            """{"name":"org","limit":20,"algorithm":"concurrency","per":["org"]}""",
            $$"""{"name":"tokens","limit":2000,{{AYear}},"per":["org"]}"""
        );

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 120)
                .Select(i => ReserveAsync(i % 2 == 0 ? Here : There, 150, $"user-{i % 30}"))
        );

        var allowed = answers.Where(answer => answer.MustBeOk().Allowed).ToList();
        Assert.That(allowed, Has.Count.EqualTo(13), "13 times 150 tokens of 2,000");
        var usage = (
            await Here.GetAsync("/usage?route_key=r&user_id=u&subject.org=acme")
        ).MustBeOk();
        Assert.That(
            usage["limits"].EnumerateArray().Select(limit => limit.GetProperty("used").GetInt64()),
            Is.EqualTo(new[] { 0L, 13, 1950 })
        );
    }

    private async Task<List<string>> HoldAsync(int asked)
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, asked).Select(i => ReserveAsync(i % 2 == 0 ? Here : There, 1, "u"))
        );
        return [.. answers.Where(answer => answer.MustBeOk().Allowed).Select(Id)];
    }
}

/// <summary>On the embedded store, which one instance uses.</summary>
[TestFixture]
public sealed class ConcurrencyOnEmbeddedTests : ConcurrencyTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() =>
        SharedServices.TwoOfAsync(Store.Embedded);

    [Test]
    [Contract(
        "kill -9 of all holders and of the embedded store: after the longest time to live exactly limit pass"
    )]
    public async Task Kill_EverySlotHeld_ExactlyTheLimitPassesAfterwards()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var (allowed, again) = await HoldAndKillAsync(
            host,
            """{"route_key":"r","limit":20,"algorithm":"concurrency"}""",
            asked: 30,
            cost: 1
        );

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 50).Select(_ => ReserveAsync(again, 1, "u"))
        );

        Assert.That(allowed, Is.EqualTo(20));
        Assert.That(answers.Count(it => it.Allowed), Is.EqualTo(20));
    }
}

/// <summary>On one real Redis.</summary>
[TestFixture]
public sealed class ConcurrencyOnRedisTests : ConcurrencyTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() =>
        SharedServices.TwoOfAsync(Store.Redis);

    [Test]
    [Contract(
        "With local the limit holds for each instance; nothing is left over when the store is back"
    )]
    public async Task Reserve_StoreIsDownAndFailLocal_HoldsTheLimitOfThisInstance()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var client = await TestClient.RegisterAsync(
            await host.ServeAloneAsync(SharedServices.Open)
        );
        const string policy =
            """{"route_key":"r","limit":3,"algorithm":"concurrency","on_store_failure":"local"}""";
        (await client.PostAsync("/policy", policy)).MustBeOk();
        (await ReserveAsync(client, 1, "u")).MustBeOk();
        await host.Redis.KillAsync();
        List<Answer> away = [];
        await Poll.UntilAsync(
            "No reservation is denied.",
            TimeSpan.FromSeconds(10),
            async () =>
            {
                away.Add((await ReserveAsync(client, 1, "u", ttl: 2)).MustBeOk());
                return !away[^1].Allowed;
            }
        );
        var commit = (
            await client.PostAsync($"/reservations/{Id(away[0])}/commit", """{"cost":1}""")
        ).MustBeOk();
        await Poll.UntilAsync(
            "The slots do not come back.",
            TimeSpan.FromSeconds(10),
            async () => (await ReserveAsync(client, 1, "u", ttl: 1)).MustBeOk().Allowed
        );
        await host.Redis.RunAsync();

        await Poll.UntilAsync(
            "The store is not asked again.",
            TimeSpan.FromSeconds(15),
            async () => !(await ReserveAsync(client, 1, "other")).MustBeOk().IsDegraded
        );

        Assert.That(away.Count(it => it.Allowed), Is.EqualTo(3));
        Assert.That(away.Select(it => it.IsDegraded), Is.All.True);
        Assert.That(
            (commit["degraded"].GetBoolean(), commit["charged"].GetInt64()),
            Is.EqualTo((true, 0))
        );
        Assert.That(await UsedAsync(client), Is.EqualTo(1), "Only what the store had before.");
    }
}

/// <summary>On a Redis Cluster of three masters.</summary>
[TestFixture]
[NonParallelizable]
public sealed class ConcurrencyInAClusterTests : ConcurrencyTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() => SharedCluster.OfAsync();
}
