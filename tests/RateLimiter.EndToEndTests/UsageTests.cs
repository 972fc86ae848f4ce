namespace RateLimiter.EndToEndTests;

/// <summary>GET and DELETE /usage, POST /usage/refund.</summary>
public sealed class UsageTests(Store store) : ServiceFixture(store)
{
    private const string AliceOnSearch = "/usage?user_id=alice&route_key=search";

    [Test]
    [Contract("GET /usage: the decision that a cost-1 check would get now, plus used")]
    public async Task Usage_ThreeOfTenTaken_AnswersWhatACheckWouldBeAnswered()
    {
        await Client.HasPolicyAsync("search", 10);
        await Client.CheckAsync("alice", "search", cost: 3);

        var usage = (await Client.GetAsync(AliceOnSearch)).MustBeOk();

        var reset = usage["reset_in"].GetInt64();
        Assert.That(reset, Is.InRange(3500, 3600));
        usage.MustBe(
            $$"""
            {"allowed":true,"remaining":6,"reset_in":{{reset}},"reason":null,"limit":10,"retry_after":null,
             "retry_after_ms":null,"matched_role":"default","matched_route":"search","shadow_denied":false,"degraded":false,
             "violated":[],"used":3,
             "limits":[{"name":"default","limit":10,"used":3,"remaining":6,"reset_in":{{reset}}}]}
            """
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
    [Contract("POST /usage/refund gives permits back, never above the limit → decision")]
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
    [Contract("DELETE /usage forgets that user's counters (`*` is an ordinary user id) → 204")]
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

    [TestCase("/usage", "user_id", "route_key")]
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

    private Task<Answer> RefundAsync(string body) => Client.PostAsync("/usage/refund", body);
}
