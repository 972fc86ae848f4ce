using System.Text.Json;

namespace RateLimiter.ApiTests.Reservations;

/// <summary>A limit on the reservations that are open at once.</summary>
public sealed class ConcurrencyTests : ReservationFixture
{
    private const string Two = """ "limit":2,"algorithm":"concurrency" """;

    [Test]
    [Contract("It counts slots of open reservations; concurrency: q, qu, no w")]
    public async Task Reserve_MoreThanTheLimit_IsDenied()
    {
        await HasPolicyAsync("\"limits\":[{\"limit\":2,\"algorithm\":\"concurrency\"}]");

        var first = (await ReserveAsync(1)).MustBeOk();
        var second = (await ReserveAsync(1, "\"ttl_seconds\":90")).MustBeOk();
        var third = (await ReserveAsync(1)).MustBeOk();

        Assert.That(
            (first.Allowed, second.Allowed, third.Allowed),
            Is.EqualTo((true, true, false))
        );
        Assert.That(
            first.Headers["RateLimit-Policy"],
            Is.EqualTo("\"concurrency\";q=2;qu=\"concurrent-requests\"")
        );
        Assert.That(first.Headers["RateLimit"], Does.StartWith("\"concurrency\";r=1;t="));
        Assert.That(second["reset_in"].GetInt64(), Is.InRange(89, 90));
        Assert.That(third["violated"][0].GetString(), Is.EqualTo("concurrency"));
        Assert.That(third["reservation_id"].ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(third["retry_after"].GetInt64(), Is.InRange(1, 60), "the earliest expiry");
        Assert.That(
            (third["limit"].GetInt64(), third["capacity"].GetInt64(), third.Remaining),
            Is.EqualTo((2, 2, 0))
        );
    }

    [Test]
    [Contract("Commit (final), delete and expiry free the slots")]
    public async Task Settle_Reservation_FreesItsSlots()
    {
        await HasPolicyAsync(Two);
        var first = Id(await ReserveAsync(1));
        var second = Id(await ReserveAsync(1));
        await ExtendAsync(first, 100);
        await CommitAsync(second, 1, isFinal: false);
        var held = await ReserveAsync(1);

        var commit = await CommitAsync(first, 5);
        var third = await ReserveAsync(1, "\"ttl_seconds\":1");
        var full = await ReserveAsync(1);
        await ReleaseAsync(second);
        var fourth = await ReserveAsync(1);
        await ExpiryAsync(third);
        var fifth = await ReserveAsync(1);

        Assert.That((held.Allowed, full.Allowed), Is.EqualTo((false, false)));
        commit.MustBe(
            """{"charged":5,"released":0,"overrun":0,"late":false,"degraded":false,"remaining":1}"""
        );
        Assert.That((third.Allowed, fourth.Allowed, fifth.Allowed), Is.EqualTo((true, true, true)));
    }

    [Test]
    [Contract("slots 1–1000; above the limit never pass")]
    public async Task Reserve_Slots_CountAsMany()
    {
        await HasPolicyAsync(""" "limit":5,"algorithm":"concurrency" """);

        var never = await ReserveAsync(1, "\"slots\":6");
        var four = await ReserveAsync(1, "\"slots\":4");
        var two = await ReserveAsync(1, "\"slots\":2");
        var one = await ReserveAsync(1, "\"slots\":1");

        Assert.That(never.Allowed, Is.False);
        Assert.That(never["retry_after"].ValueKind, Is.EqualTo(JsonValueKind.Null));
        Assert.That(never["reason"].GetString(), Does.StartWith("The slots are above the limit"));
        Assert.That((four.Allowed, two.Allowed, one.Allowed), Is.EqualTo((true, false, true)));
        Assert.That((four.Remaining, one.Remaining), Is.EqualTo((1, 0)));
    }

    [Test]
    [Contract("Mixable with rate limits and subjects in one verdict; all or none")]
    public async Task Reserve_SlotAndTokens_HoldsAllOrNone()
    {
        await HasPolicyAsync(
            """
            "limits":[{"name":"own","limit":1,"algorithm":"concurrency"},
             {"name":"org","limit":2,"algorithm":"concurrency","per":["org"]},
             {"name":"tokens","limit":100,"window_seconds":86400,"per":["org"]}]
            """
        );
        const string acme = "\"subjects\":{\"org\":\"acme\"}";

        var alice = await ReserveAsync(60, acme, "alice");
        var again = await ReserveAsync(1, acme, "alice");
        var bob = await ReserveAsync(50, acme, "bob");
        var carol = await ReserveAsync(50, $"{acme},\"min_cost\":10", "carol");
        var dave = await ReserveAsync(0, acme, "dave");
        var commit = await CommitAsync(Id(alice), 10);
        var erin = await ReserveAsync(0, acme, "erin");
        var usage = (
            await Client.GetAsync("/usage?route_key=r&user_id=alice&subject.org=acme")
        ).MustBeOk();

        Assert.That(Violated(again), Is.EqualTo(["own"]));
        Assert.That(Violated(bob), Is.EqualTo(["tokens"]));
        Assert.That(carol["granted"].GetInt64(), Is.EqualTo(40));
        Assert.That(Violated(dave), Is.EqualTo(["org"]));
        Assert.That(commit["remaining"].GetInt64(), Is.EqualTo(50), "tokens, not slots");
        Assert.That(erin.Allowed, "Without cost it has a slot nevertheless.");
        Assert.That(
            usage["limits"]
                .EnumerateArray()
                .Select(limit =>
                    (limit.GetProperty("used").GetInt64(), limit.GetProperty("held").GetInt64())
                ),
            Is.EqualTo(new[] { (0L, 0L), (2L, 2L), (50L, 40L) })
        );
    }

    [TestCase("")]
    [TestCase(",\"mode\":\"shadow\"")]
    [TestCase(",\"is_active\":false")]
    [Contract(
        "POST /check, a batch item, a refund and the gateway answer 409 whatever mode or override"
    )]
    public async Task Check_PolicyWithConcurrency_IsAConflict(string how)
    {
        await HasPolicyAsync(Two + how);
        if (how is "")
        {
            (
                await Client.PostAsync(
                    "/overrides",
                    """{"subject":"user_id","match":"u","effect":"unlimited"}"""
                )
            ).MustBeOk();
        }

        var check = await CheckAsync(1);
        var batch = (
            await Client.PostAsync(
                "/check/batch",
                """{"checks":[{"user_id":"u","route_key":"r"}]}"""
            )
        ).MustBeOk();
        var refund = await Client.PostAsync("/usage/refund", """{"user_id":"u","route_key":"r"}""");
        var gateway = await Client.SendAsync(
            HttpMethod.Get,
            "/gateway/check",
            (string?)null,
            ("X-RateLimit-User", "u"),
            ("X-RateLimit-Route", "r")
        );

        foreach (var answer in (Answer[])[check, refund, gateway])
        {
            answer.MustBeProblem(409);
            Assert.That(answer["detail"].GetString(), Does.Contain("POST /reservations"));
        }

        Assert.That(
            batch["results"][0].GetProperty("error").GetProperty("status").GetInt32(),
            Is.EqualTo(409)
        );
        Assert.That((await ReserveAsync(1)).Allowed);
    }

    [Test]
    [Contract("In shadow a reservation over the limit is allowed and holds no slot")]
    public async Task Reserve_Shadow_HoldsOnlyWithinTheLimit()
    {
        await HasPolicyAsync(Two + ",\"mode\":\"shadow\"");
        var first = await ReserveAsync(1);
        await ReserveAsync(1);

        var over = await ReserveAsync(1);
        var before = await UsageAsync();
        await ReleaseAsync(Id(over));
        await CommitAsync(Id(first), 1);

        Assert.That((over.Allowed, over["shadow_denied"].GetBoolean()), Is.EqualTo((true, true)));
        Assert.That(before["used"].GetInt64(), Is.EqualTo(2));
        Assert.That((await UsageAsync())["used"].GetInt64(), Is.EqualTo(1));
    }

    [Test]
    [Contract("GET /usage: used is what is open, reset_in the last expiry")]
    public async Task Usage_OpenReservations_AreUsedUntilTheLastExpiry()
    {
        await HasPolicyAsync(Two);
        await ReserveAsync(1, "\"ttl_seconds\":300");
        var last = await ReserveAsync(1, "\"ttl_seconds\":20");

        var full = await UsageAsync();
        await ReleaseAsync(Id(last));
        var half = await UsageAsync();
        await Client.SendAsync(HttpMethod.Delete, "/usage?route_key=r&user_id=u");
        var none = await UsageAsync();

        Assert.That(
            (full["used"].GetInt64(), full["remaining"].GetInt64(), full.Allowed),
            Is.EqualTo((2, 0, false))
        );
        Assert.That(full["reset_in"].GetInt64(), Is.InRange(298, 300));
        Assert.That(full["retry_after"].GetInt64(), Is.InRange(1, 20));
        Assert.That(full["held"].GetInt64(), Is.EqualTo(2));
        Assert.That((half["used"].GetInt64(), half.Allowed), Is.EqualTo((1, true)));
        Assert.That((none["used"].GetInt64(), none["reset_in"].GetInt64()), Is.EqualTo((0, 0)));
    }

    [Test]
    [Contract("With charge the permits stay charged (slots always come back)")]
    public async Task Reservation_ChargedOnExpiry_FreesItsSlots()
    {
        await HasPolicyAsync(
            """
            "on_expiry":"charge","limits":[{"name":"open","limit":1,"algorithm":"concurrency"},
             {"name":"tokens","limit":10,"window_seconds":86400}]
            """
        );
        var expired = await ReserveAsync(4, "\"ttl_seconds\":1");
        await ExpiryAsync(expired);

        var next = await ReserveAsync(6);

        Assert.That(next.Allowed, "The slot is back.");
        Assert.That(next.Remaining, Is.Zero, "The permits are not.");
        Assert.That((await CommitAsync(Id(expired), 4))["late"].GetBoolean());
    }

    [Test]
    public async Task Limit_Changed_KeepsWhatIsOpen()
    {
        await HasPolicyAsync(Two);
        var first = Id(await ReserveAsync(1));
        await ReserveAsync(1);

        await HasPolicyAsync(""" "limit":3,"algorithm":"concurrency" """);
        var third = await ReserveAsync(1);
        await HasPolicyAsync(""" "limit":1,"algorithm":"concurrency" """);
        await ReleaseAsync(first);
        var usage = await UsageAsync();
        var denied = await ReserveAsync(1);

        Assert.That((third.Allowed, denied.Allowed), Is.EqualTo((true, false)));
        Assert.That((usage["used"].GetInt64(), usage["remaining"].GetInt64()), Is.EqualTo((2, 0)));
    }

    [Test]
    [Contract("no window_seconds; its default name is concurrency")]
    public async Task Policy_Concurrency_HasNoWindow()
    {
        await HasPolicyAsync(
            "\"limits\":[{\"limit\":2,\"algorithm\":\"concurrency\"},{\"limit\":9,\"window_seconds\":60}]"
        );

        var policy = (await Client.GetAsync("/policy?route_key=r&role=default")).MustBeOk().Body[0];

        var limit = policy.GetProperty("limits")[0];
        Assert.That(limit.GetProperty("name").GetString(), Is.EqualTo("concurrency"));
        Assert.That(limit.GetProperty("algorithm").GetString(), Is.EqualTo("concurrency"));
        Assert.That(limit.GetProperty("window_seconds").ValueKind, Is.EqualTo(JsonValueKind.Null));
    }

    [TestCase("\"window_seconds\":60", "window_seconds")]
    [TestCase("\"burst\":3", "burst")]
    [TestCase("\"period\":\"day\"", "period")]
    [TestCase("\"time_zone\":\"UTC\"", "time_zone")]
    [TestCase("\"anchor\":\"2026-01-31\"", "anchor")]
    public async Task Policy_ConcurrencyWithAnotherField_IsRefused(string field, string name) =>
        (await Client.PostAsync("/policy", $$"""{"route_key":"r",{{Two}},{{field}}}""")).MustRefuse(
            name
        );

    [Test]
    [Contract("Never more than limit open")]
    public async Task Reserve_ManyAtOnce_ExactlyTheLimit()
    {
        await HasPolicyAsync(""" "limit":7,"algorithm":"concurrency" """);

        var answers = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => ReserveAsync(1)));

        Assert.That(answers.Count(answer => answer.Allowed), Is.EqualTo(7));
    }

    private static IEnumerable<string?> Violated(Answer denied) =>
        denied["violated"].EnumerateArray().Select(name => name.GetString());

    private async Task<Answer> UsageAsync() =>
        (await Client.GetAsync("/usage?route_key=r&user_id=u")).MustBeOk();
}
