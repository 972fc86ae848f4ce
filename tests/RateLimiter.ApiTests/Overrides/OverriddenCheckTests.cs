using System.Globalization;
using System.Text.Json;

namespace RateLimiter.ApiTests.Overrides;

/// <summary>What overrides do with checks, batches, gateways, refunds and usage.</summary>
public sealed class OverriddenCheckTests : ServiceFixture
{
    private const string Blocked = """{"subject":"user_id","match":"alice","effect":"blocked"}""";
    private const string Unlimited =
        """{"subject":"user_id","match":"alice","effect":"unlimited"}""";

    [Test]
    [Contract("Blocked: allowed: false, reason: \"Blocked\", override_id")]
    public async Task Check_Blocked_IsDeniedByTheOverride()
    {
        await Client.SavePolicyAsync("r", 10);
        var id = await CreateAsync(Blocked);

        var answer = await Client.CheckAsync("alice", "r");

        answer.MustBe(
            $$"""
            {"allowed":false,"granted":0,"remaining":0,"reset_in":0,"resets_at":null,"reason":"Blocked","limit":10,"capacity":10,
             "retry_after":null,"retry_after_ms":null,"matched_role":"default","matched_route":"r","shadow_denied":false,
             "degraded":false,"violated":[],"override_id":"{{id}}"}
            """
        );
        Assert.That(HeadersOf(answer), Is.Empty);
        Assert.That(
            (await Client.CheckAsync("bob", "r"))["override_id"].ValueKind,
            Is.EqualTo(JsonValueKind.Null)
        );
    }

    [Test]
    [Contract("Blocked holds in shadow and inactive policies too")]
    public async Task Check_BlockedUnderAPolicyThatDeniesNothing_IsDenied(
        [Values("\"mode\":\"shadow\"", "\"is_active\":false")] string how
    )
    {
        await SaveAsync($$"""{"route_key":"r","limit":10,"window_seconds":60,{{how}}}""");
        await CreateAsync(Blocked);

        var answer = (await Client.CheckAsync("alice", "r")).MustBeOk();

        Assert.That((answer.Allowed, answer["reason"].GetString()), Is.EqualTo((false, "Blocked")));
        Assert.That(answer["shadow_denied"].GetBoolean(), Is.False);
    }

    [Test]
    [Contract("Blocked: retry_after when it ends")]
    public async Task Check_BlockedForATime_SaysForHowLong()
    {
        await Client.SavePolicyAsync("r", 10);
        await CreateAsync(
            $$"""{"subject":"user_id","match":"alice","effect":"blocked","expires_at":"{{In(TimeSpan.FromHours(1))}}"}"""
        );

        var answer = (await Client.CheckAsync("alice", "r")).MustBeOk();

        Assert.That(answer["retry_after"].GetInt64(), Is.InRange(3500, 3600));
        Assert.That(HeadersOf(answer), Is.EqualTo(new[] { "Retry-After" }));
    }

    [Test]
    [Contract("an end needs no message: the instance's clock decides at check time")]
    public async Task Check_BlockThatHasEnded_IsAllowed()
    {
        await Client.SavePolicyAsync("r", 10);
        await CreateAsync(
            $$"""{"subject":"user_id","match":"alice","effect":"blocked","expires_at":"{{In(TimeSpan.FromSeconds(1))}}"}"""
        );
        Assert.That((await Client.CheckAsync("alice", "r")).Allowed, Is.False);

        await Poll.UntilAsync(
            "The block does not end.",
            TimeSpan.FromSeconds(5),
            async () => (await Client.CheckAsync("alice", "r")).Allowed
        );
    }

    [Test]
    [Contract("Unlimited: allowed, nothing counted, still logged")]
    public async Task Check_Unlimited_CountsNothing()
    {
        await Client.SavePolicyAsync("r", 2);
        var id = await CreateAsync(Unlimited);

        var answers = new List<Answer>();
        for (var i = 0; i < 4; i++)
        {
            answers.Add((await Client.CheckAsync("alice", "r", cost: 5)).MustBeOk());
        }

        Assert.That(answers.Select(answer => answer.Allowed), Is.All.True);
        Assert.That(answers[3]["granted"].GetInt64(), Is.EqualTo(5));
        Assert.That(answers[3]["override_id"].GetString(), Is.EqualTo(id));
        Assert.That(HeadersOf(answers[3]), Is.Empty);
        var usage = await UsageAsync("alice");
        Assert.That(usage["used"].GetInt64(), Is.Zero);
        Assert.That(
            (await Client.GetAsync("/logs/latest"))
                .MustBeOk()
                .Body.EnumerateArray()
                .Select(entry => entry.GetProperty("override_id").GetString()),
            Is.EqualTo(new[] { id, id, id, id })
        );
    }

    [Test]
    [Contract(
        "limits names limits and changes only those whose per has its subject; unknown names are ignored"
    )]
    public async Task Check_OtherLimits_ChangesThoseOfTheSubject()
    {
        await SaveAsync(
            """
            {"route_key":"r","limits":[{"name":"user","limit":1,"window_seconds":3600},
             {"name":"org","limit":3,"window_seconds":3600,"per":["org"]}]}
            """
        );
        await CreateAsync(
            """{"subject":"user_id","match":"alice","effect":"limits","limits":{"user":5,"org":100,"unknown":1}}"""
        );

        var answers = new List<bool>();
        for (var i = 0; i < 4; i++)
        {
            answers.Add((await CheckAsync("alice", "acme")).MustBeOk().Allowed);
        }

        Assert.That(answers, Is.EqualTo(new[] { true, true, true, false }));
    }

    [Test]
    [Contract("A change continues the same counter, and ends remembered denials")]
    public async Task Change_OfALimit_ContinuesTheCounterAndEndsDenials()
    {
        await Client.SavePolicyAsync("r", 2);
        await Client.CheckAsync("alice", "r", cost: 2);
        await Client.CheckAsync("alice", "r");
        Assert.That((await Client.CheckAsync("alice", "r")).Allowed, Is.False);

        var id = await CreateAsync(Limits(4));
        var raised = await Client.CheckAsync("alice", "r");
        await PutAsync(id, Limits(3));
        var lowered = await Client.CheckAsync("alice", "r");
        await PutAsync(id, Limits(5));
        var raisedAgain = await Client.CheckAsync("alice", "r");
        await Client.SendAsync(HttpMethod.Delete, $"/overrides/{id}");
        var without = await Client.CheckAsync("alice", "r");

        Assert.That(
            new[] { raised, lowered, raisedAgain, without }.Select(it =>
                (it.Allowed, it.Remaining, it["limit"].GetInt64())
            ),
            Is.EqualTo(new[] { (true, 1L, 4L), (false, 0L, 3L), (true, 1L, 5L), (false, 0L, 2L) })
        );
        Assert.That(raised.Headers["RateLimit-Policy"], Is.EqualTo("\"default\";q=4;w=3600"));

        static string Limits(int permits) =>
            $$$"""{"subject":"user_id","match":"alice","effect":"limits","limits":{"default":{{{permits}}}}}""";
    }

    [Test]
    [Contract("Batch: each item by its own override")]
    public async Task Batch_OverriddenItems_AreEachDecidedByTheirOwn()
    {
        await Client.SavePolicyAsync("r", 1);
        await CreateAsync(Blocked);
        await CreateAsync("""{"subject":"user_id","match":"b*","effect":"unlimited"}""");

        var answer = await Client.PostAsync(
            "/check/batch",
            """
            {"checks":[{"user_id":"alice","route_key":"r"},{"user_id":"bob","route_key":"r","cost":9},
                       {"user_id":"carol","route_key":"r"},{"user_id":"carol","route_key":"r"}]}
            """
        );

        Assert.That(
            answer
                .MustBeOk()["results"]
                .EnumerateArray()
                .Select(it => it.GetProperty("allowed").GetBoolean()),
            Is.EqualTo(new[] { false, true, true, false })
        );
    }

    [Test]
    [Contract("Gateway: a network blocks its addresses")]
    public async Task Gateway_BlockedNetwork_IsDenied()
    {
        await Client.SavePolicyAsync("*", 10);
        await CreateAsync("""{"subject":"user_id","match":"2001:db8::/32","effect":"blocked"}""");

        var blocked = await GatewayAsync("2001:db8:1:2::/64");
        var allowed = await GatewayAsync("2001:db9::/64");

        Assert.That((blocked.Status, allowed.Status), Is.EqualTo((429, 204)));
        Assert.That(HeadersOf(blocked), Is.Empty);
    }

    [Test]
    [Contract("GET /usage: what is now; at the top what a check of cost 1 would be answered")]
    public async Task Usage_Blocked_TellsWhatIsNowAndTheVerdict()
    {
        await Client.SavePolicyAsync("r", 10);
        await Client.CheckAsync("alice", "r", cost: 3);
        var id = await CreateAsync(Blocked);

        var usage = await UsageAsync("alice");

        Assert.That(
            (usage.Allowed, usage["reason"].GetString(), usage["override_id"].GetString()),
            Is.EqualTo((false, "Blocked", id))
        );
        Assert.That((usage["used"].GetInt64(), usage.Remaining), Is.EqualTo((3L, 7L)));
    }

    [Test]
    [Contract("refund stays normal")]
    public async Task Refund_Blocked_GivesBack()
    {
        await Client.SavePolicyAsync("r", 10);
        await Client.CheckAsync("alice", "r", cost: 3);
        await CreateAsync(Blocked);

        var refund = await Client.PostAsync(
            "/usage/refund",
            """{"user_id":"alice","route_key":"r","cost":2}"""
        );

        Assert.That((refund.MustBeOk().Remaining, refund.Allowed), Is.EqualTo((9L, true)));
        Assert.That((await UsageAsync("alice"))["used"].GetInt64(), Is.EqualTo(1));
    }

    [Test]
    [Contract("GET /usage?explain=true lists what was considered, in order")]
    public async Task Usage_Explain_ListsTheOverridesThatMatchInOrder()
    {
        await Client.SavePolicyAsync("r", 10);
        await CreateAsync("""{"subject":"user_id","match":"al*","effect":"unlimited"}""");
        await CreateAsync("""{"subject":"user_id","match":"bob","effect":"blocked"}""");
        await CreateAsync(
            """{"subject":"user_id","match":"alice","effect":"blocked","expires_at":"2020-01-01T00:00:00Z"}"""
        );
        await CreateAsync(
            """{"subject":"user_id","match":"alice","effect":"limits","limits":{"default":1}}"""
        );

        var usage = await Client.GetAsync("/usage?user_id=alice&route_key=r&explain=true");

        Assert.That(
            usage
                .MustBeOk()["considered"]
                .EnumerateArray()
                .Select(it =>
                    $"{it.GetProperty("override").GetProperty("effect")} {it.GetProperty("has_ended")} {it.GetProperty("decides")}"
                ),
            Is.EqualTo(new[] { "blocked True False", "unlimited False True", "limits False False" })
        );
    }

    [Test]
    public async Task Check_NoPolicyApplies_IsNotFoundAlsoWhenBlocked()
    {
        await CreateAsync(Blocked);

        (await Client.CheckAsync("alice", "r")).MustBeStatus(404);
    }

    private static string In(TimeSpan time) =>
        (TimeProvider.System.GetUtcNow() + time).ToString("O", CultureInfo.InvariantCulture);

    private static IEnumerable<string> HeadersOf(Answer answer) =>
        new[] { "RateLimit", "RateLimit-Policy", "Retry-After" }.Where(answer.Headers.ContainsKey);

    private async Task<string> CreateAsync(string body) =>
        (await Client.PostAsync("/overrides", body)).MustBeOk()["override_id"].GetString()!;

    private async Task PutAsync(string id, string body) =>
        (await Client.SendAsync(HttpMethod.Put, $"/overrides/{id}", body)).MustBeOk();

    private async Task SaveAsync(string policy) =>
        (await Client.PostAsync("/policy", policy)).MustBeOk();

    private Task<Answer> CheckAsync(string user, string org) =>
        Client.PostAsync(
            "/check",
            $$$"""{"user_id":"{{{user}}}","route_key":"r","subjects":{"org":"{{{org}}}"}}"""
        );

    private Task<Answer> GatewayAsync(string user) =>
        Client.SendAsync(
            HttpMethod.Get,
            "/gateway/check",
            (string?)null,
            ("X-RateLimit-User", user),
            ("X-Forwarded-Uri", "/x")
        );

    private async Task<Answer> UsageAsync(string user) =>
        (await Client.GetAsync($"/usage?user_id={user}&route_key=r")).MustBeOk();
}
