namespace RateLimiter.ApiTests.Usage;

/// <summary>GET and DELETE /usage, POST /usage/refund.</summary>
public sealed class UsageTests : ServiceFixture
{
    private const string AliceOnSearch = "/usage?user_id=alice&route_key=search";

    [Test]
    [Contract("GET /usage: used, remaining, reset_in and capacity are current")]
    public async Task Usage_ThreeOfTenTaken_TellsWhatIsNow()
    {
        await Client.HasPolicyAsync("search", 10);
        await Client.CheckAsync("alice", "search", cost: 3);

        var usage = (await Client.GetAsync(AliceOnSearch)).MustBeOk();

        var reset = usage["reset_in"].GetInt64();
        Assert.That(reset, Is.InRange(3500, 3600));
        usage.MustBe(
            $$"""
            {"allowed":true,"granted":1,"remaining":7,"reset_in":{{reset}},"resets_at":null,"reason":null,"limit":10,"capacity":10,"retry_after":null,
             "retry_after_ms":null,"matched_role":"default","matched_route":"search","shadow_denied":false,"degraded":false,
             "violated":[],"override_id":null,"used":3,
             "limits":[{"name":"default","per":["user_id"],"limit":10,"capacity":10,"used":3,"remaining":7,"reset_in":{{reset}}}],"considered":null}
            """
        );
        Assert.That(usage.Headers["RateLimit-Policy"], Is.EqualTo("\"default\";q=10;w=3600"));
        Assert.That(usage.Headers["RateLimit"], Is.EqualTo($"\"default\";r=7;t={reset}"));
    }

    [Test]
    [Contract("GET /usage of a user never seen: nothing is used")]
    public async Task Usage_NeverSeen_HasEverythingLeft()
    {
        await Client.HasPolicyAsync("search", 5, 60);

        (await Client.GetAsync(AliceOnSearch)).MustBe(
            """
            {"allowed":true,"granted":1,"remaining":5,"reset_in":0,"resets_at":null,"reason":null,"limit":5,"capacity":5,"retry_after":null,
             "retry_after_ms":null,"matched_role":"default","matched_route":"search","shadow_denied":false,"degraded":false,
             "violated":[],"override_id":null,"used":0,
             "limits":[{"name":"default","per":["user_id"],"limit":5,"capacity":5,"used":0,"remaining":5,"reset_in":0}],"considered":null}
            """
        );
    }

    [Test]
    [Contract("GET /usage: allowed, reason, waits and violated are those of a check of cost 1")]
    public async Task Usage_BucketUsedUp_TellsItsBurstAndThatNothingPasses()
    {
        (
            await Client.PostAsync(
                "/policy",
                """{"route_key":"search","limit":24,"window_seconds":86400,"algorithm":"token_bucket","burst":2}"""
            )
        ).MustBeOk();
        await Client.CheckAsync("alice", "search", cost: 2);

        var usage = (await Client.GetAsync(AliceOnSearch)).MustBeOk();

        var (reset, wait) = (usage["reset_in"].GetInt64(), usage["retry_after_ms"].GetInt64());
        Assert.That((reset, wait), Is.EqualTo((((wait + 999) / 1000) + 3600, wait)));
        Assert.That(wait, Is.InRange(3_500_000, 3_600_000));
        usage.MustBe(
            $$"""
            {"allowed":false,"granted":0,"remaining":0,"reset_in":{{reset}},"resets_at":null,"reason":"Rate limit exceeded","limit":24,"capacity":2,
             "retry_after":{{(wait + 999)
                / 1000}},"retry_after_ms":{{wait}},"matched_role":"default","matched_route":"search",
             "shadow_denied":false,"degraded":false,"violated":["default"],"override_id":null,"used":2,
             "limits":[{"name":"default","per":["user_id"],"limit":24,"capacity":2,"used":2,"remaining":0,"reset_in":{{reset}}}],"considered":null}
            """
        );
    }

    [Test]
    [Contract("An inactive policy counts nothing")]
    public async Task Usage_InactivePolicy_HasEverythingLeft()
    {
        await Client.HasPolicyAsync("search", 10, isActive: false);
        await Client.CheckAsync("alice", "search", cost: 3);

        var usage = (await Client.GetAsync(AliceOnSearch)).MustBeOk();

        Assert.That(
            new[] { "used", "remaining", "capacity", "reset_in" }.Select(name =>
                usage[name].GetInt64()
            ),
            Is.EqualTo(new[] { 0, 10, 10, 0 })
        );
    }

    [Test]
    [Contract("GET /usage … changes nothing")]
    public async Task Usage_AskedManyTimes_ChangesNothingAndIsNotLogged()
    {
        await Client.HasPolicyAsync("search", 1);

        for (var i = 0; i < 5; i++)
        {
            Assert.That((await Client.GetAsync(AliceOnSearch)).MustBeOk().Allowed, Is.True);
        }

        Assert.That((await Client.CheckAsync("alice", "search")).Allowed, Is.True);
        Assert.That((await Client.GetAsync(AliceOnSearch)).MustBeOk().Allowed, Is.False);
        Assert.That(await Client.LogsAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    [Contract("POST /usage/refund refunds permits, never above the limit → decision")]
    public async Task Refund_LessAndThenMoreThanWasTaken_NeverPassesTheLimit()
    {
        await Client.HasPolicyAsync("search", 10);
        await Client.CheckAsync("alice", "search", cost: 6);

        var some = await RefundAsync("""{"user_id":"alice","route_key":"search","cost":2}""");
        var one = await RefundAsync("""{"user_id":"alice","route_key":"search"}""");
        var all = await RefundAsync("""{"user_id":"alice","route_key":"search","cost":100}""");

        Assert.That((some.Remaining, one.Remaining, all.Remaining), Is.EqualTo((6L, 7L, 10L)));
        Assert.That((all.Allowed, all["reset_in"].GetInt64()), Is.EqualTo((true, 0L)));
    }

    [Test]
    [Contract("DELETE /usage resets that user's counters (`*` is an ordinary user id) → 204")]
    public async Task Reset_UserNamedLikeAPattern_ForgetsThatUserOnly()
    {
        await Client.HasPolicyAsync("search", 10);
        foreach (var user in new[] { "*", "alice" })
        {
            await Client.CheckAsync(user, "search", cost: 4);
        }

        var answer = await Client.SendAsync(HttpMethod.Delete, "/usage?user_id=*&route_key=search");

        Assert.That((answer.Status, answer.Text), Is.EqualTo((204, "")));
        Assert.That(await Client.RemainingAsync("*", "search"), Is.EqualTo(10));
        Assert.That(await Client.RemainingAsync("alice", "search"), Is.EqualTo(6));
    }

    [Test]
    [Contract("404 if no policy applies")]
    public async Task AnyUsage_NoPolicyApplies_AnswersNotFound()
    {
        (await Client.GetAsync(AliceOnSearch)).MustBeProblem(404);
        (await Client.SendAsync(HttpMethod.Delete, AliceOnSearch)).MustBeProblem(404);
        (await RefundAsync("""{"user_id":"alice","route_key":"search"}""")).MustBeProblem(404);
    }

    [TestCase("/usage", "route_key")]
    [TestCase("/usage?user_id=a&route_key=r&subject.Org=x", "subject.Org")]
    [TestCase("/usage?user_id=a&route_key=r&subject.user_id=x", "subject.user_id")]
    [TestCase("/usage?user_id=a&route_key=r&subject.org=", "subject.org")]
    [TestCase("/usage?user_id=a&route_key=r&subject.org=x&subject.org=x", "subject.org")]
    [TestCase("/usage?user_id=a&route_key=r&subject.org=a%01", "subject.org")]
    [TestCase("/usage?user_id=a&route_key=r&subjects.org=x", "subjects.org")]
    [TestCase("/usage?user_id=a", "route_key")]
    [TestCase("/usage?user_id=&route_key=r", "user_id")]
    [TestCase("/usage?user_id=a&route_key=r&rolle=x", "rolle")]
    [TestCase("/usage?user_id=a&user_id=b&route_key=r", "user_id")]
    [Contract("400 invalid; unknown request fields are an error")]
    public async Task AnyUsage_NamesMissingOrWrong_AreRefused(string path, params string[] fields)
    {
        (await Client.GetAsync(path)).MustRefuse(fields);
        (await Client.SendAsync(HttpMethod.Delete, path)).MustRefuse(fields);
    }

    [TestCase("-1")]
    [TestCase("1.5")]
    [TestCase("\"1\"")]
    [TestCase("1e400")]
    [TestCase("9007199254740993")]
    [TestCase("null")]
    [TestCase("1000000001")]
    [Contract("cost 0–1,000,000,000; 400 names the field")]
    public async Task Refund_CostThatIsNone_IsRefusedAndGivesNothingBack(string cost)
    {
        await Client.HasPolicyAsync("search", 10);
        await Client.CheckAsync("alice", "search", cost: 4);

        var answer = await RefundAsync(
            $$"""{"user_id":"alice","route_key":"search","cost":{{cost}}}"""
        );

        answer.MustRefuse("cost");
        Assert.That(await Client.RemainingAsync("alice", "search"), Is.EqualTo(6));
    }

    [Test]
    [Contract("counters belong to (matched policy, user): verbs resolve as checks do")]
    public async Task AnyUsage_RoleWithoutAPolicy_IsTheDefaultRoles()
    {
        await Client.HasPolicyAsync("search", 10);
        await Client.CheckAsync("alice", "search", role: "gold", cost: 4);

        var usage = await Client.GetAsync($"{AliceOnSearch}&role=silver");

        Assert.That(usage.MustBeOk()["used"].GetInt64(), Is.EqualTo(4));
        Assert.That(usage["matched_role"].GetString(), Is.EqualTo("default"));
    }

    [Test]
    [Contract("counters belong to (matched policy, user): verbs resolve as checks do")]
    public async Task AnyUsage_RoleWithAPolicyOfItsOwn_IsThatRolesAlone()
    {
        await Client.HasPolicyAsync("search", 10);
        await Client.HasPolicyAsync("search", 20, role: "free");
        await Client.CheckAsync("alice", "search", cost: 4);
        await Client.CheckAsync("alice", "search", role: "free", cost: 5);

        var usage = (await Client.GetAsync($"{AliceOnSearch}&role=free")).MustBeOk();
        var refund = await RefundAsync(
            """{"user_id":"alice","route_key":"search","role":"free","cost":2}"""
        );
        var reset = await Client.SendAsync(HttpMethod.Delete, $"{AliceOnSearch}&role=free");

        Assert.That(usage["matched_role"].GetString(), Is.EqualTo("free"));
        Assert.That(usage["used"].GetInt64(), Is.EqualTo(5));
        Assert.That(refund.MustBeOk().Remaining, Is.EqualTo(17));
        reset.MustBeStatus(204);
        Assert.That(await Client.RemainingAsync("alice", "search", "free"), Is.EqualTo(20));
        Assert.That(await Client.RemainingAsync("alice", "search"), Is.EqualTo(6));
    }

    private Task<Answer> RefundAsync(string body) => Client.PostAsync("/usage/refund", body);
}
