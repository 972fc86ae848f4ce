using System.Diagnostics;
using System.Text.Json;

namespace RateLimiter.ApiTests.Checks;

/// <summary>POST /check.</summary>
public sealed class CheckTests : ServiceFixture
{
    [Test]
    [Contract("""POST /check → 200 {"allowed", "remaining", "reset_in", "reason"} and more""")]
    public async Task Check_FirstOfTen_AnswersTheWholeDecision()
    {
        await Client.HasPolicyAsync("search", 10, 60);

        (await Client.CheckAsync("alice", "search")).MustBe(
            """
            {"allowed":true,"granted":1,"remaining":9,"reset_in":60,"resets_at":null,"reason":null,"limit":10,"capacity":10,"retry_after":null,
             "retry_after_ms":null,"matched_role":"default","matched_route":"search","shadow_denied":false,"degraded":false,
             "violated":[],"override_id":null}
            """
        );
    }

    [Test]
    [Contract("A denial is also a 200; remaining is always a number; retry_after in whole seconds")]
    public async Task Check_OneTooMany_AnswersTheWholeDenial()
    {
        await Client.HasPolicyAsync("search", 2);
        await Client.CheckAsync("alice", "search", cost: 2);

        var denial = await Client.CheckAsync("alice", "search");

        var wait = denial.MustBeOk()["retry_after"].GetInt64();
        var waitMs = denial["retry_after_ms"].GetInt64();
        Assert.That(waitMs, Is.InRange(3_500_000, 3_600_000));
        Assert.That(wait, Is.EqualTo((waitMs + 999) / 1000));
        denial.MustBe(
            $$"""
            {"allowed":false,"granted":0,"remaining":0,"reset_in":{{wait}},"resets_at":null,"reason":"Rate limit exceeded","limit":2,"capacity":2,
             "retry_after":{{wait}},"retry_after_ms":{{waitMs}},"matched_role":"default",
             "matched_route":"search","shadow_denied":false,"degraded":false,"violated":["default"],"override_id":null}
            """
        );
    }

    [Test]
    [Contract("A denied check consumes nothing")]
    public async Task Check_Denied_ConsumesNothing()
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.CheckAsync("u", "r", cost: 7);

        var denial = await Client.CheckAsync("u", "r", cost: 4);
        var next = await Client.CheckAsync("u", "r", cost: 3);

        Assert.That((denial.Allowed, denial.Remaining), Is.EqualTo((false, 3L)));
        Assert.That((next.Allowed, next.Remaining), Is.EqualTo((true, 0L)));
    }

    [Test]
    [Contract("cost 0 only looks")]
    public async Task Check_CostZero_OnlyLooks()
    {
        await Client.HasPolicyAsync("r", 2, 60);

        var before = await Client.CheckAsync("u", "r", cost: 0);
        await Client.CheckAsync("u", "r", cost: 2);
        var after = await Client.CheckAsync("u", "r", cost: 0);

        Assert.That((before.Allowed, before.Remaining), Is.EqualTo((true, 2L)));
        Assert.That(before["reset_in"].GetInt64(), Is.Zero);
        Assert.That((after.Allowed, after.Remaining), Is.EqualTo((true, 0L)));
        Assert.That(after["reset_in"].GetInt64(), Is.InRange(1, 60));
    }

    [Test]
    [Contract("cost? = 1 (0–1,000,000,000)")]
    public async Task Check_CostWithinBounds_TakesThatMuch()
    {
        await Client.HasPolicyAsync("r", 1_000_000_000);

        Assert.That((await Client.CheckAsync("u", "r")).Remaining, Is.EqualTo(999_999_999));
        Assert.That((await Client.CheckAsync("v", "r", cost: 1_000_000_000)).Remaining, Is.Zero);
    }

    [TestCase("-1")]
    [TestCase("1000000001")]
    [TestCase("9007199254740993")]
    [TestCase("1e400")]
    [TestCase("1.5")]
    [TestCase("\"1\"")]
    [TestCase("null")]
    [TestCase("true")]
    [TestCase("[]")]
    [Contract("cost 0–1,000,000,000, an integer; a refused check consumes nothing")]
    public async Task Check_CostOutOfBounds_IsRefusedAndConsumesNothing(string cost)
    {
        await Client.HasPolicyAsync("r", 10);

        var answer = await Client.PostAsync(
            "/check",
            $$"""{"user_id": "u", "route_key": "r", "cost": {{cost}}}"""
        );

        answer.MustRefuse("cost");
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(10));
    }

    [TestCase("x", 1, 1)]
    [TestCase("x", 256, 128)]
    [TestCase("😀", 256, 128)]
    [TestCase(" ", 1, 1)]
    [Contract("user_id 1–256 characters; route_key, role 1–128")]
    public async Task Check_NamesWithinBounds_AreAccepted(string character, int user, int other)
    {
        var name = character.Times(other);
        await Client.HasPolicyAsync(name, 10, role: name);

        var answer = await Client.CheckAsync(character.Times(user), name, name);

        Assert.That(answer.MustBeOk().Remaining, Is.EqualTo(9));
    }

    [TestCase("x", 0, 0)]
    [TestCase("x", 257, 129)]
    [TestCase("😀", 257, 129)]
    [Contract("user_id 1–256 characters; route_key, role 1–128")]
    public async Task Check_NamesOutOfBounds_AreRefused(string character, int user, int other)
    {
        var name = character.Times(other);

        var answer = await Client.CheckAsync(character.Times(user), name, name);

        answer.MustRefuse("user_id", "route_key", "role");
    }

    [TestCase("user_id", "null")]
    [TestCase("user_id", "1")]
    [TestCase("user_id", "\"a\\u0000b\"")]
    [TestCase("user_id", "\"\\ud800\"")]
    [TestCase("route_key", "null")]
    [TestCase("route_key", "[\"r\"]")]
    [TestCase("route_key", "\"a\\nb\"")]
    [TestCase("role", "1")]
    [TestCase("role", "\"a\\u0085b\"")]
    [Contract("Names are strings without control characters")]
    public async Task Check_NameMalformed_IsRefused(string field, string value)
    {
        var fields = new Dictionary<string, string>
        {
            ["user_id"] = "\"u\"",
            ["route_key"] = "\"r\"",
            [field] = value,
        };

        var body = string.Join(',', fields.Select(pair => $"\"{pair.Key}\":{pair.Value}"));
        (await Client.PostAsync("/check", $"{{{body}}}")).MustRefuse(field);
    }

    [TestCase("costt")]
    [TestCase("User_Id")]
    [TestCase("userId")]
    [Contract("Unknown request fields are an error; a refused check consumes nothing")]
    public async Task Check_UnknownField_IsRefusedAndConsumesNothing(string field)
    {
        await Client.HasPolicyAsync("r", 10);

        var answer = await Client.PostAsync(
            "/check",
            $$"""{"user_id": "u", "route_key": "r", "{{field}}": 1}"""
        );

        answer.MustRefuse(field);
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(10));
    }

    [Test]
    [Contract("errors: {field: [message]}, all at once")]
    public async Task Check_NothingGiven_NamesEveryMissingField()
    {
        (await Client.PostAsync("/check", "{}")).MustRefuse("user_id", "route_key");
    }

    [Test]
    [Contract("404 if no policy applies")]
    public async Task Check_NoPolicyApplies_AnswersNotFound()
    {
        await Client.HasPolicyAsync("r", 10, role: "free");

        (await Client.CheckAsync("u", "s", "free")).MustBeProblem(404);
        (await Client.CheckAsync("u", "r", "paid")).MustBeProblem(404);
        (await Client.CheckAsync("u", "r")).MustBeProblem(404);
    }

    [TestCase("")]
    [TestCase(""", "role": null""")]
    [TestCase(""", "role": "default" """)]
    [Contract("role omitted, null and \"default\" mean the same")]
    public async Task Check_DefaultRoleInAnyForm_UsesOneCounter(string role)
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.CheckAsync("u", "r");

        var answer = await Client.PostAsync(
            "/check",
            $$"""{"user_id": "u", "route_key": "r"{{role}}}"""
        );

        Assert.That(answer.MustBeOk().Remaining, Is.EqualTo(8));
        Assert.That(answer["matched_role"].GetString(), Is.EqualTo("default"));
    }

    [Test]
    [Contract("Role rule: exact role, else the route's default role")]
    public async Task Check_ExactRoleAndDefault_PrefersTheExactOne()
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.HasPolicyAsync("r", 100, role: "paid");

        var paid = await Client.CheckAsync("u", "r", "paid");
        var free = await Client.CheckAsync("u", "r", "free");

        Assert.That((paid.Remaining, paid["matched_role"].GetString()), Is.EqualTo((99L, "paid")));
        Assert.That(
            (free.Remaining, free["matched_role"].GetString()),
            Is.EqualTo((9L, "default"))
        );
    }

    [Test]
    [Contract("limit 0 blocks everything; retry_after null when no wait would help")]
    public async Task Check_LimitZero_IsDeniedForEver()
    {
        await Client.HasPolicyAsync("r", 0);

        var answer = await Client.CheckAsync("u", "r");

        MustNeverPass(answer, remaining: 0);
    }

    [Test]
    [Contract("a denial says why it can never pass; retry_after null when no wait would help")]
    public async Task Check_CostAboveLimit_IsDeniedForEver()
    {
        await Client.HasPolicyAsync("r", 5);

        var answer = await Client.CheckAsync("u", "r", cost: 6);

        MustNeverPass(answer, remaining: 5);
    }

    [Test]
    [Contract("""reason "Rate limiting disabled for this policy" for an inactive policy""")]
    public async Task Check_InactivePolicy_AllowsAndCountsNothing()
    {
        await Client.HasPolicyAsync("r", 1, isActive: false);

        for (var i = 0; i < 3; i++)
        {
            (await Client.CheckAsync("u", "r")).MustBe(
                """
                {"allowed":true,"granted":1,"remaining":1,"reset_in":0,"resets_at":null,"reason":"Rate limiting disabled for this policy",
                 "limit":1,"capacity":1,"retry_after":null,"retry_after_ms":null,"matched_role":"default",
                 "matched_route":"r","shadow_denied":false,"degraded":false,"violated":[],"override_id":null}
                """
            );
        }

        await Client.HasPolicyAsync("r", 1, isActive: true);
        var active = await Client.CheckAsync("u", "r");
        Assert.That((active.Allowed, active.Remaining), Is.EqualTo((true, 0L)));
    }

    [Test]
    [Contract("Fixed windows start at the first request; reset_in, retry_after")]
    public async Task Check_WindowOver_PassesAgainAndNotBefore()
    {
        await Client.HasPolicyAsync("r", 1, 1);
        await Client.CheckAsync("u", "r");
        var clock = Stopwatch.StartNew();
        var denial = await Client.CheckAsync("u", "r");
        var wait = denial["retry_after_ms"].GetInt64();
        Assert.That(wait, Is.InRange(1, 1000));

        await Poll.UntilAsync(
            "The window does not end.",
            TimeSpan.FromSeconds(10),
            async () => (await Client.CheckAsync("u", "r")).Allowed
        );

        Assert.That(clock.ElapsedMilliseconds, Is.GreaterThanOrEqualTo(wait));
    }

    [Test]
    [Contract("Costs of 1000, 1500, 500, 400, 100 and 1 of a limit of 2000")]
    public async Task Check_ManyCosts_LeavesWhatTheTableSays()
    {
        await Client.HasPolicyAsync("r", 2000);
        (long Cost, bool Allowed, long Remaining)[] table =
        [
            (1000, true, 1000),
            (1500, false, 1000),
            (500, true, 500),
            (400, true, 100),
            (100, true, 0),
            (1, false, 0),
        ];

        foreach (var (cost, allowed, remaining) in table)
        {
            var answer = await Client.CheckAsync("u", "r", cost: cost);
            Assert.That((answer.Allowed, answer.Remaining), Is.EqualTo((allowed, remaining)));
        }
    }

    [Test]
    [Contract("A change is visible to the next request; usage is kept")]
    public async Task Check_LimitChangedInBetween_KeepsWhatWasUsed()
    {
        (long Limit, long[] Remaining)[] table = [(100, [99, 98]), (10, [7, 6]), (200, [195])];

        foreach (var (limit, expected) in table)
        {
            await Client.HasPolicyAsync("r", limit);
            foreach (var remaining in expected)
            {
                Assert.That((await Client.CheckAsync("u", "r")).Remaining, Is.EqualTo(remaining));
            }
        }
    }

    [Test]
    [Contract("remaining is never negative")]
    public async Task Check_LimitLoweredBelowWhatWasUsed_LeavesZero()
    {
        await Client.HasPolicyAsync("r", 100);
        await Client.CheckAsync("u", "r", cost: 50);
        await Client.HasPolicyAsync("r", 10);

        var answer = await Client.CheckAsync("u", "r");

        Assert.That((answer.Allowed, answer.Remaining), Is.EqualTo((false, 0L)));
    }

    [TestCase("u", "U")]
    [TestCase("u", "u ")]
    [TestCase("e\u0301", "\u00e9")]
    [TestCase("*", "u")]
    [TestCase("{u}", "u")]
    [TestCase("1:u", "u")]
    [Contract("Names are compared byte for byte; two different users never share a counter")]
    public async Task Check_UsersThatLookAlike_CountApart(string one, string other)
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.CheckAsync(one, "r", cost: 4);

        Assert.That(await Client.RemainingAsync(other, "r"), Is.EqualTo(10));
        Assert.That(await Client.RemainingAsync(one, "r"), Is.EqualTo(6));
    }

    private static void MustNeverPass(Answer answer, long remaining)
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer.MustBeOk().Allowed, Is.False);
            Assert.That(answer.Remaining, Is.EqualTo(remaining));
            Assert.That(answer.Reason, Is.Not.Null.And.Not.EqualTo("Rate limit exceeded"));
            Assert.That(answer["retry_after"].ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(answer["retry_after_ms"].ValueKind, Is.EqualTo(JsonValueKind.Null));
        }
    }
}
