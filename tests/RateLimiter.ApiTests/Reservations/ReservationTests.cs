using System.Text.Json;

namespace RateLimiter.ApiTests.Reservations;

/// <summary>Permits that are held until the true cost is known.</summary>
public sealed class ReservationTests : ReservationFixture
{
    /// <summary>A policy of every algorithm, with 100 permits, and a window in which hardly any flows back.</summary>
    private static readonly string[] Limits =
    [
        """ "limit":100,"window_seconds":86400 """,
        """ "limit":100,"window_seconds":86400,"algorithm":"sliding_window" """,
        """ "limit":100,"window_seconds":86400,"algorithm":"sliding_log" """,
        """ "limit":100,"window_seconds":864000,"algorithm":"token_bucket" """,
        """ "limit":100,"window_seconds":864000,"algorithm":"leaky_bucket","burst":100 """,
        """ "limit":100,"algorithm":"calendar","period":"year" """,
    ];

    [TestCaseSource(nameof(Limits))]
    [Contract("The cost is taken at once; a commit gives the rest back")]
    public async Task Commit_LessThanReserved_GivesTheRestBack(string limit)
    {
        await HasPolicyAsync(limit);

        var reserved = (await ReserveAsync(58)).MustBeOk();
        var held = await RemainingAsync();
        var commit = (await CommitAsync(Id(reserved), 20)).MustBeOk();

        Assert.That((reserved.Allowed, reserved["granted"].GetInt64()), Is.EqualTo((true, 58)));
        Assert.That(held, Is.EqualTo(42));
        commit.MustBe(
            """{"charged":20,"released":38,"overrun":0,"late":false,"degraded":false,"remaining":80}"""
        );
        Assert.That(await RemainingAsync(), Is.EqualTo(80));
    }

    [TestCaseSource(nameof(Limits))]
    [Contract("More than reserved is charged now, over the limit if need be: overrun")]
    public async Task Commit_MoreThanReserved_IsChargedOverTheLimit(string limit)
    {
        await HasPolicyAsync(limit);
        var reserved = await ReserveAsync(58);
        await CheckAsync(40);

        var commit = (await CommitAsync(Id(reserved), 70)).MustBeOk();

        commit.MustBe(
            """{"charged":70,"released":0,"overrun":10,"late":false,"degraded":false,"remaining":0}"""
        );
        Assert.That((await CheckAsync(1)).Allowed, Is.False);
    }

    [TestCaseSource(nameof(Limits))]
    [Contract("DELETE gives everything back: 204; again: 204; a commit after it: 409")]
    public async Task Release_Open_GivesEverythingBack(string limit)
    {
        await HasPolicyAsync(limit);
        var id = Id(await ReserveAsync(100));
        var denied = await CheckAsync(1);

        var first = await ReleaseAsync(id);
        var second = await ReleaseAsync(id);
        var allowed = await CheckAsync(1);

        Assert.That((first.Status, second.Status), Is.EqualTo((204, 204)));
        Assert.That((denied.Allowed, allowed.Allowed), Is.EqualTo((false, true)));
        Assert.That(allowed.Remaining, Is.EqualTo(99));
        (await CommitAsync(id, 5)).MustBeProblem(409);
        (await ExtendAsync(id, 5)).MustBeProblem(409);
    }

    [TestCaseSource(nameof(Limits))]
    [Contract("After expires_at everything is given back by the very next call, looks included")]
    public async Task Reservation_NobodySettles_ComesBackByItself(string limit)
    {
        await HasPolicyAsync(limit);
        await ReserveAsync(60, "\"ttl_seconds\":3");
        var last = await ReserveAsync(30, "\"ttl_seconds\":3");
        await ReserveAsync(10, "\"ttl_seconds\":3600");
        Assert.That(await RemainingAsync(), Is.Zero);

        await ExpiryAsync(last);

        Assert.That(await RemainingAsync(), Is.EqualTo(90));
        Assert.That((await CheckAsync(90)).Allowed);
        Assert.That((await CheckAsync(1)).Allowed, Is.False);
    }

    [TestCaseSource(nameof(Limits))]
    [Contract(
        "With on_expiry charge the permits stay charged; a late commit charges what exceeds the hold"
    )]
    public async Task Reservation_ChargedOnExpiry_StaysCharged(string limit)
    {
        await HasPolicyAsync(limit);
        var reserved = await ReserveAsync(60, "\"ttl_seconds\":1,\"on_expiry\":\"charge\"");
        var id = Id(reserved);

        await ExpiryAsync(reserved);

        Assert.That(await RemainingAsync(), Is.EqualTo(40));
        var commit = (await CommitAsync(id, 70)).MustBeOk();
        Assert.That(commit["late"].GetBoolean());
        Assert.That(await RemainingAsync(), Is.EqualTo(30));
    }

    [TestCaseSource(nameof(Limits))]
    [Contract("Commit within 10 minutes after expiry charges cost: late")]
    public async Task Commit_AfterExpiry_ChargesTheCost(string limit)
    {
        await HasPolicyAsync(limit);
        var reserved = await ReserveAsync(60, "\"ttl_seconds\":1");
        var id = Id(reserved);

        await ExpiryAsync(reserved);
        (await ExtendAsync(id, 60)).MustBeProblem(409);
        var commit = (await CommitAsync(id, 20)).MustBeOk();
        var again = await CommitAsync(id, 20);

        commit.MustBe(
            """{"charged":20,"released":0,"overrun":0,"late":true,"degraded":false,"remaining":80}"""
        );
        Assert.That(again.Text, Is.EqualTo(commit.Text));
        Assert.That(await RemainingAsync(), Is.EqualTo(80));
        (await ReleaseAsync(id)).MustBeProblem(409);
    }

    [Test]
    [Contract("DELETE after expiry: 204")]
    public async Task Release_AfterExpiry_ChangesNothing()
    {
        await HasPolicyAsync(Limits[0]);
        var reserved = await ReserveAsync(60, "\"ttl_seconds\":1");
        var id = Id(reserved);

        await ExpiryAsync(reserved);

        Assert.That((await ReleaseAsync(id)).Status, Is.EqualTo(204));
        Assert.That(await RemainingAsync(), Is.EqualTo(100));
    }

    [TestCaseSource(nameof(Limits))]
    [Contract(
        "cost is the total so far; final: false keeps the rest held; less than before is a 409"
    )]
    public async Task Commit_Totals_AreChargedOnce(string limit)
    {
        await HasPolicyAsync(limit);
        var id = Id(await ReserveAsync(50));

        var some = (await CommitAsync(id, 10, isFinal: false)).MustBeOk();
        var same = (await CommitAsync(id, 10, isFinal: false)).MustBeOk();
        (await CommitAsync(id, 9, isFinal: false)).MustBeProblem(409);
        var held = await RemainingAsync();
        var over = (await CommitAsync(id, 60, isFinal: false)).MustBeOk();
        var last = (await CommitAsync(id, 65)).MustBeOk();

        Assert.That((some["charged"].GetInt64(), some["released"].GetInt64()), Is.EqualTo((10, 0)));
        Assert.That(same.Text, Is.EqualTo(some.Text));
        Assert.That(held, Is.EqualTo(50));
        Assert.That(over["remaining"].GetInt64(), Is.EqualTo(40));
        Assert.That(last["remaining"].GetInt64(), Is.EqualTo(35));
        Assert.That(await RemainingAsync(), Is.EqualTo(35));
    }

    [Test]
    [Contract("The same final commit twice gives the same answer; another cost after it: 409")]
    public async Task Commit_Repeated_GetsTheSameAnswer()
    {
        await HasPolicyAsync(Limits[0]);
        var id = Id(await ReserveAsync(50));

        var answers = await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => CommitAsync(id, 30)));

        Assert.That(answers.Select(answer => answer.Text).Distinct().Count(), Is.EqualTo(1));
        Assert.That(answers[0].MustBeOk()["remaining"].GetInt64(), Is.EqualTo(70));
        (await CommitAsync(id, 31)).MustBeProblem(409);
        (await ExtendAsync(id, 10)).MustBeProblem(409);
        (await ReleaseAsync(id)).MustBeProblem(409);
        Assert.That(await RemainingAsync(), Is.EqualTo(70));
    }

    [Test]
    [Contract("extend begins another time to live")]
    public async Task Extend_Open_LivesLonger()
    {
        await HasPolicyAsync(Limits[0]);
        var reserved = await ReserveAsync(50, "\"ttl_seconds\":3");

        var extended = (await ExtendAsync(Id(reserved), 3600)).MustBeOk();
        await ExpiryAsync(reserved);

        Assert.That(
            extended["expires_at"].GetDateTimeOffset(),
            Is.GreaterThan(reserved["expires_at"].GetDateTimeOffset().AddMinutes(50))
        );
        Assert.That(await RemainingAsync(), Is.EqualTo(50));
    }

    [Test]
    [Contract("Denied: reservation_id and expires_at are null")]
    public async Task Reserve_TooMuch_HoldsNothing()
    {
        await HasPolicyAsync(Limits[0]);

        var denied = (await ReserveAsync(101)).MustBeOk();
        var partial = (await ReserveAsync(150, "\"min_cost\":10")).MustBeOk();

        Assert.That(denied.Allowed, Is.False);
        Assert.That(
            new[] { denied["reservation_id"], denied["expires_at"] }.Select(it => it.ValueKind),
            Is.All.EqualTo(JsonValueKind.Null)
        );
        Assert.That(partial["granted"].GetInt64(), Is.EqualTo(100));
        Assert.That(Id(partial), Has.Length.LessThanOrEqualTo(200));
    }

    [Test]
    [Contract(
        "An id is good only for the client that made it; any other, invented or altered one is a 404"
    )]
    public async Task Settle_AnyOtherId_IsNotFound()
    {
        await HasPolicyAsync(Limits[0]);
        var id = Id(await ReserveAsync(50));
        var other = await TestClient.RegisterAsync(Service);
        var altered = id.Select(
            (letter, i) => id[..i] + (letter == 'A' ? 'B' : 'A') + id[(i + 1)..]
        );
        string[] ids =
        [
            .. altered,
            id + "A",
            id[1..],
            "x",
            new string('A', 24),
            new string('A', 32),
        ];

        foreach (var wrong in ids)
        {
            (await CommitAsync(wrong, 1)).MustBeProblem(404);
            (await ReleaseAsync(wrong)).MustBeProblem(404);
        }

        (await other.PostAsync($"/reservations/{id}/commit", """{"cost":1}""")).MustBeProblem(404);
        Assert.That(await RemainingAsync(), Is.EqualTo(50));
    }

    [Test]
    [Contract("After DELETE /usage a commit charges in full")]
    public async Task Commit_AfterAReset_ChargesInFull()
    {
        await HasPolicyAsync(Limits[0]);
        var id = Id(await ReserveAsync(50));
        await Client.SendAsync(HttpMethod.Delete, "/usage?route_key=r&user_id=u");
        Assert.That(await RemainingAsync(), Is.EqualTo(100));

        await CommitAsync(id, 20, isFinal: false);
        Assert.That(await RemainingAsync(), Is.EqualTo(80));
        await CommitAsync(id, 30);

        Assert.That(await RemainingAsync(), Is.EqualTo(70));
    }

    [TestCase(""" "is_active":false """)]
    [TestCase(""" "mode":"shadow" """)]
    [Contract("Inactive, shadow-denied: an id that holds nothing, its commit charges 0")]
    public async Task Reserve_OfWhatIsNotCounted_HoldsNothing(string how)
    {
        await HasPolicyAsync($"\"limit\":10,\"window_seconds\":60,{how}");

        var reserved = (await ReserveAsync(50)).MustBeOk();
        var commit = (await CommitAsync(Id(reserved), 50)).MustBeOk();

        Assert.That((reserved.Allowed, reserved["granted"].GetInt64()), Is.EqualTo((true, 50)));
        Assert.That(commit["charged"].GetInt64(), Is.Zero);
        Assert.That(await RemainingAsync(), Is.EqualTo(10));
        var altered = Id(reserved)[..^1] + (Id(reserved)[^1] == 'A' ? 'E' : 'A');
        (await CommitAsync(altered, 50)).MustBeProblem(404);
        Assert.That((await ReleaseAsync(Id(reserved))).Status, Is.EqualTo(204));
    }

    [Test]
    [Contract("Several limits and subjects: all or none; each gets its own back")]
    public async Task Reserve_SeveralSubjects_HoldsAllOrNone()
    {
        await HasPolicyAsync(
            """
            "limits":[{"name":"user","limit":10,"window_seconds":86400},
             {"name":"org","limit":15,"window_seconds":86400,"algorithm":"sliding_log","per":["org"]},
             {"name":"all","limit":100,"window_seconds":31536000,"algorithm":"token_bucket","per":[]}]
            """
        );
        const string acme = "\"subjects\":{\"org\":\"acme\"}";

        var first = await ReserveAsync(10, acme);
        var denied = await ReserveAsync(6, acme, user: "v");
        var second = await ReserveAsync(5, acme, user: "v");
        await CommitAsync(Id(first), 2);

        Assert.That(
            (first.Allowed, denied.Allowed, second.Allowed),
            Is.EqualTo((true, false, true))
        );
        var usage = await Client.GetAsync("/usage?route_key=r&user_id=u&subject.org=acme");
        Assert.That(
            usage["limits"]
                .EnumerateArray()
                .Select(limit =>
                    (limit.GetProperty("used").GetInt64(), limit.GetProperty("held").GetInt64())
                ),
            Is.EqualTo(new[] { (2L, 0L), (7L, 5L), (7L, 5L) })
        );
    }

    [Test]
    [Contract("Idempotency-Key on POST /reservations: the same id, charged once")]
    public async Task Reserve_Repeated_IsTheSameReservation()
    {
        await HasPolicyAsync(Limits[0]);
        const string body = """{"user_id":"u","route_key":"r","cost":30,"ttl_seconds":600}""";

        var first = await SendAsync(body);
        var second = await SendAsync(body);

        Assert.That(second.Text, Is.EqualTo(first.MustBeOk().Text));
        Assert.That(second.Headers["Idempotency-Replayed"], Is.EqualTo("true"));
        Assert.That(await RemainingAsync(), Is.EqualTo(70));
        (await SendAsync(body.Replace("600", "601", StringComparison.Ordinal))).MustBeProblem(422);
        await CommitAsync(Id(second), 10);
        Assert.That(await RemainingAsync(), Is.EqualTo(90));

        Task<Answer> SendAsync(string text) =>
            Client.SendAsync(HttpMethod.Post, "/reservations", text, ("Idempotency-Key", "k"));
    }

    [Test]
    [Contract("POST /reservations/commit: each on its own")]
    public async Task CommitEach_Items_AreEachOnTheirOwn()
    {
        await HasPolicyAsync(Limits[0]);
        var first = Id(await ReserveAsync(30));
        var second = Id(await ReserveAsync(30));

        var batch = (
            await Client.PostAsync(
                "/reservations/commit",
                $$"""
                {"items":[{"reservation_id":"{{first}}","cost":10,"final":false},{"reservation_id":"none","cost":1},
                 {"reservation_id":"{{second}}"},null,{"reservation_id":"{{first}}","cost":20},
                 {"reservation_id":"{{second}}","cost":30}]}
                """
            )
        ).MustBeOk();

        Assert.That(
            batch["results"]
                .EnumerateArray()
                .Select(result =>
                    result.TryGetProperty("charged", out var charged)
                        ? charged.GetInt64()
                        : -result.GetProperty("error").GetProperty("status").GetInt64()
                ),
            Is.EqualTo(new[] { 10L, -404, -400, -400, 20, 30 })
        );
        Assert.That(await RemainingAsync(), Is.EqualTo(50));
    }

    [Test]
    [Contract("POST /reservations/extend: each on its own")]
    public async Task ExtendEach_Items_AreEachOnTheirOwn()
    {
        await HasPolicyAsync(Limits[0]);
        var id = Id(await ReserveAsync(30));

        var batch = (
            await Client.PostAsync(
                "/reservations/extend",
                $$"""
                {"items":[{"reservation_id":"{{id}}","ttl_seconds":60},{"reservation_id":"{{id}}","ttl_seconds":3601}]}
                """
            )
        ).MustBeOk();

        var results = batch["results"].EnumerateArray().ToList();
        Assert.That(results[0].TryGetProperty("expires_at", out _));
        Assert.That(
            results[1].GetProperty("error").GetProperty("status").GetInt32(),
            Is.EqualTo(400)
        );
    }

    [Test]
    [Contract("GET /reservations: the open ones of that user or subject")]
    public async Task List_OpenOnes_ShowsTheBeginningOfTheirIds()
    {
        await HasPolicyAsync(Limits[0]);
        var kept = await ReserveAsync(30, "\"slots\":2,\"ttl_seconds\":600");
        await CommitAsync(Id(await ReserveAsync(20)), 20);
        await ReserveAsync(1, user: "other");

        var list = (await Client.GetAsync("/reservations?route_key=r&user_id=u")).MustBeOk();

        var only = list.Body.EnumerateArray().Single();
        Assert.That(Id(kept), Does.StartWith(only.GetProperty("reservation_id").GetString()!));
        Assert.That(
            (only.GetProperty("cost").GetInt64(), only.GetProperty("slots").GetInt64()),
            Is.EqualTo((30L, 2L))
        );
        Assert.That(
            only.GetProperty("expires_at").GetDateTimeOffset(),
            Is.EqualTo(kept["expires_at"].GetDateTimeOffset())
        );
    }

    [TestCase("\"ttl_seconds\":0", "ttl_seconds")]
    [TestCase("\"ttl_seconds\":3601", "ttl_seconds")]
    [TestCase("\"slots\":0", "slots")]
    [TestCase("\"slots\":1001", "slots")]
    [TestCase("\"on_expiry\":\"never\"", "on_expiry")]
    [TestCase("\"min_cost\":0", "min_cost")]
    [TestCase("\"ttl\":1", "ttl")]
    public async Task Reserve_InvalidField_IsRefused(string field, string name)
    {
        await HasPolicyAsync(Limits[0]);

        (await ReserveAsync(5, field)).MustRefuse(name);
    }

    [TestCase("{}", "cost")]
    [TestCase("""{"cost":-1}""", "cost")]
    [TestCase("""{"cost":1000000001}""", "cost")]
    [TestCase("""{"cost":1,"more":1}""", "more")]
    public async Task Commit_InvalidField_IsRefused(string body, string name)
    {
        await HasPolicyAsync(Limits[0]);
        var id = Id(await ReserveAsync(5));

        (await Client.PostAsync($"/reservations/{id}/commit", body)).MustRefuse(name);
    }
}
