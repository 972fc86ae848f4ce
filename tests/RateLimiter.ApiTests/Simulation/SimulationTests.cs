using System.Text.Json;

namespace RateLimiter.ApiTests.Simulation;

/// <summary>POST /policy/simulate.</summary>
public sealed class SimulationTests : ServiceFixture
{
    private static readonly string[] Algorithms =
    [
        """ "limit":5,"window_seconds":3600 """,
        """ "limit":5,"window_seconds":3600,"algorithm":"sliding_window" """,
        """ "limit":5,"window_seconds":3600,"algorithm":"sliding_log" """,
        """ "limit":5,"window_seconds":3600,"algorithm":"token_bucket" """,
        """ "limit":5,"window_seconds":3600,"algorithm":"leaky_bucket","burst":5 """,
        """ "limit":5,"algorithm":"calendar","period":"month" """,
        """ "limits":[{"limit":3,"window_seconds":1},{"limit":5,"window_seconds":86400}] """,
        """ "limit":5,"window_seconds":3600,"mode":"shadow" """,
        """ "limit":5,"window_seconds":3600,"is_active":false """,
    ];

    [TestCaseSource(nameof(Algorithms))]
    [Contract("POST /policy/simulate: the policy in force decides as it did")]
    public async Task Simulate_PolicyInForce_DecidesAsItDid(string limit)
    {
        var policy = $$"""{"route_key":"search",{{limit}}}""";
        (await Client.PostAsync("/policy", policy)).MustBeOk();
        for (var i = 0; i < 4; i++)
        {
            await Client.CheckAsync("alice", "search", cost: 2);
            await Client.CheckAsync("bob", "search");
            await PostAsync(
                "/check",
                """{"user_id":"carol","route_key":"search","cost":4,"min_cost":1}"""
            );
        }

        await PostAsync("/usage/refund", """{"user_id":"alice","route_key":"search","cost":3}""");
        await Client.CheckAsync("alice", "search", cost: 2);
        await Client.CheckAsync("alice", "search", cost: 2);
        await Client.SendAsync(HttpMethod.Delete, "/usage?user_id=carol&route_key=search");
        await Client.CheckAsync("carol", "search", cost: 5);
        await Client.CheckAsync("carol", "search", cost: 1);
        var log = await Client.LogsAsync();
        var allowed = log.Count(it => it.GetProperty("allowed").GetBoolean());

        var simulated = await SimulateAsync(policy);

        simulated.MustBeOk();
        var verdicts = $$"""{"allowed":{{allowed}},"denied":{{log.Count - allowed}}}""";
        Assert.That(log, Has.Count.EqualTo(16));
        Assert.That(simulated["checks"].GetInt64(), Is.EqualTo(16));
        Assert.That(simulated["current"].GetRawText(), Is.EqualTo(verdicts));
        Assert.That(simulated["proposed"].GetRawText(), Is.EqualTo(verdicts));
        Assert.That(simulated["newly_denied"].GetInt64(), Is.Zero);
        Assert.That(simulated["newly_allowed"].GetInt64(), Is.Zero);
        Assert.That(simulated["top"].GetArrayLength(), Is.Zero);
    }

    [Test]
    [Contract("POST /policy/simulate: a lower limit denies more, a higher one less")]
    public async Task Simulate_OtherLimit_TellsWhoIsNewlyDeniedOrAllowed()
    {
        await Client.HasPolicyAsync("search", 4);
        await Client.CheckAsync("bob", "search");
        for (var i = 0; i < 5; i++)
        {
            await Client.CheckAsync("alice", "search");
            await Client.CheckAsync("carol", "search", cost: 2);
        }

        var lower = await SimulateAsync(
            """{"route_key":"search","limit":1,"window_seconds":3600}"""
        );
        var higher = await SimulateAsync(
            """{"route_key":"search","limit":9,"window_seconds":3600}"""
        );

        var before = """{"allowed":7,"denied":4}""";
        Assert.That(lower["checks"].GetInt64(), Is.EqualTo(11));
        Assert.That(lower["current"].GetRawText(), Is.EqualTo(before));
        Assert.That(lower["proposed"].GetRawText(), Is.EqualTo("""{"allowed":2,"denied":9}"""));
        Assert.That(lower["newly_denied"].GetInt64(), Is.EqualTo(5));
        Assert.That(lower["newly_allowed"].GetInt64(), Is.Zero);
        Assert.That(
            lower["top"].GetRawText(),
            Is.EqualTo(
                """[{"user_id":"alice","newly_denied":3,"checks":5},{"user_id":"carol","newly_denied":2,"checks":5}]"""
            )
        );
        Assert.That(higher["current"].GetRawText(), Is.EqualTo(before));
        Assert.That(higher["proposed"].GetRawText(), Is.EqualTo("""{"allowed":10,"denied":1}"""));
        Assert.That(higher["newly_allowed"].GetInt64(), Is.EqualTo(3));
        Assert.That(higher["top"].GetArrayLength(), Is.Zero);
        var buckets = lower["buckets"].EnumerateArray().ToList();
        Assert.That(buckets, Has.Count.InRange(1, 100));
        Assert.That(Sum(buckets, "current", "allowed"), Is.EqualTo(7));
        Assert.That(Sum(buckets, "current", "denied"), Is.EqualTo(4));
        Assert.That(Sum(buckets, "proposed", "allowed"), Is.EqualTo(2));
        Assert.That(Sum(buckets, "proposed", "denied"), Is.EqualTo(9));
        Assert.That(
            lower["covered_from"].GetDateTime(),
            Is.LessThan(buckets[^1].GetProperty("from").GetDateTime() + TimeSpan.FromSeconds(1))
        );
    }

    [Test]
    [Contract("POST /policy/simulate: only decisions that the policy would make")]
    public async Task Simulate_RoutesAndRoles_TakesThoseThatNoOtherPolicyDecides()
    {
        await Client.HasPolicyAsync("*", 100);
        await Client.HasPolicyAsync("search", 100);
        await Client.HasPolicyAsync("search", 100, role: "free");
        await Client.CheckAsync("alice", "search");
        await Client.CheckAsync("alice", "search", "free");
        await Client.CheckAsync("alice", "search", "other");
        await Client.CheckAsync("alice", "upload");
        await Client.CheckAsync("alice", "download");

        Assert.That(await CheckedAsync("search", null), Is.EqualTo(2));
        Assert.That(await CheckedAsync("search", "free"), Is.EqualTo(1));
        Assert.That(await CheckedAsync("search", "other"), Is.EqualTo(1));
        Assert.That(await CheckedAsync("search", "none"), Is.Zero);
        Assert.That(await CheckedAsync("upload", null), Is.EqualTo(1));
        Assert.That(await CheckedAsync("*", null), Is.EqualTo(2));
        // Each route has counters of its own under a catch-all policy.
        var catchAll = await SimulateAsync("""{"route_key":"*","limit":1,"window_seconds":3600}""");
        Assert.That(catchAll["newly_denied"].GetInt64(), Is.Zero);

        async Task<long> CheckedAsync(string route, string? role)
        {
            var policy = new Json
            {
                ["route_key"] = route,
                ["role"] = role,
                ["limit"] = 1,
                ["window_seconds"] = 60,
            };
            return (await SimulateAsync(policy.ToString()))["checks"].GetInt64();
        }
    }

    [Test]
    [Contract("POST /policy/simulate: from and to")]
    public async Task Simulate_Span_CountsWhatIsInIt()
    {
        await Client.HasPolicyAsync("search", 100);
        for (var i = 0; i < 6; i++)
        {
            await Client.CheckAsync("alice", "search");
        }

        var times = (await Client.LogsAsync())
            .Select(it => it.GetProperty("timestamp").GetString()!)
            .Reverse()
            .ToList();
        const string limitOfTwo = """{"route_key":"search","limit":2,"window_seconds":3600}""";
        var since = await SimulateAsync(limitOfTwo, $"\"from\":\"{times[1]}\"");
        var until = await SimulateAsync(limitOfTwo, $"\"to\":\"{times[3]}\"");
        var none = await SimulateAsync(limitOfTwo, "\"to\":\"2001-01-01T00:00:00Z\"");

        Assert.That(since["proposed"].GetRawText(), Is.EqualTo("""{"allowed":1,"denied":4}"""));
        Assert.That(until["proposed"].GetRawText(), Is.EqualTo("""{"allowed":2,"denied":1}"""));
        Assert.That(none["checks"].GetInt64(), Is.Zero);
        Assert.That(none["buckets"].GetArrayLength(), Is.Zero);
    }

    [TestCase("{}", "policy")]
    [TestCase("""{"policy":null}""", "policy")]
    [TestCase("""{"policy":{"limit":1,"window_seconds":1}}""", "policy.route_key")]
    [TestCase("""{"policy":{"route_key":"r","limit":-1,"window_seconds":1}}""", "policy.limit")]
    [TestCase("""{"policy":{"route_key":"r","limit":1}}""", "policy.window_seconds")]
    [TestCase(
        """{"policy":{"route_key":"r","limits":[{"limit":1,"window_seconds":0}]}}""",
        "policy.limits[0].window_seconds"
    )]
    [TestCase(
        """{"policy":{"route_key":"r","limit":1,"window_seconds":1,"per":["A"]}}""",
        "policy.per"
    )]
    [TestCase(
        """{"policy":{"route_key":"r","limit":1,"window_seconds":1},"from":"2026-01-02T00:00:00Z","to":"2026-01-01T00:00:00Z"}""",
        "from"
    )]
    [TestCase(
        """{"policy":{"route_key":"r","limit":1,"window_seconds":1},"from":"yesterday"}""",
        "from"
    )]
    [TestCase(
        """{"policy":{"route_key":"r","limit":1,"window_seconds":1},"until":"2026-01-01T00:00:00Z"}""",
        "until"
    )]
    [Contract("POST /policy/simulate: 400 with errors")]
    public async Task Simulate_Invalid_NamesTheField(string body, string field)
    {
        var answer = await Client.PostAsync("/policy/simulate", body);

        answer.MustBeProblem(400);
        Assert.That(answer["errors"].EnumerateObject().Select(it => it.Name), Does.Contain(field));
    }

    [TestCase("policy:read", 403)]
    [TestCase("logs:read", 403)]
    [TestCase("policy:write", 403)]
    [TestCase("policy:read,logs:read", 200)]
    [TestCase("admin", 200)]
    [Contract("POST /policy/simulate: needs policy:read and logs:read")]
    public async Task Simulate_Scopes_NeedsBoth(string scopes, int status)
    {
        var key = await Client.PostAsync(
            "/keys",
            $$"""{"name":"k","scopes":{{JsonSerializer.Serialize(scopes.Split(','))}}}"""
        );

        var answer = await Client
            .With(key["api_key"].GetString()!)
            .PostAsync(
                "/policy/simulate",
                """{"policy":{"route_key":"r","limit":1,"window_seconds":1}}"""
            );

        Assert.That(answer.Status, Is.EqualTo(status));
    }

    [Test]
    [Contract("POST /policy/simulate changes nothing")]
    public async Task Simulate_AnyPolicy_ChangesNothing()
    {
        await Client.HasPolicyAsync("search", 3);
        await Client.CheckAsync("alice", "search", cost: 2);
        var before = await StateAsync();

        (
            await SimulateAsync("""{"route_key":"search","limit":1,"window_seconds":60}""")
        ).MustBeOk();
        (await SimulateAsync("""{"route_key":"new","limit":1,"window_seconds":60}""")).MustBeOk();

        Assert.That(await StateAsync(), Is.EqualTo(before));

        async Task<string> StateAsync() =>
            string.Join(
                '\n',
                (await Client.GetAsync("/policy/export")).Body.GetRawText(),
                (await Client.GetAsync("/audit")).Body.GetRawText(),
                (await Client.GetAsync("/logs/latest?kind=all")).Body.GetRawText(),
                (await Client.GetAsync("/usage?user_id=alice&route_key=search"))["used"]
                    .GetRawText()
            );
    }

    private static long Sum(IEnumerable<JsonElement> buckets, string which, string verdict) =>
        buckets.Sum(it => it.GetProperty(which).GetProperty(verdict).GetInt64());

    private async Task PostAsync(string path, string body) => await Client.PostAsync(path, body);

    private Task<Answer> SimulateAsync(string policy, string? span = null) =>
        Client.PostAsync(
            "/policy/simulate",
            $$"""{"policy":{{policy}}{{(span is null ? "" : $",{span}")}}}"""
        );
}
