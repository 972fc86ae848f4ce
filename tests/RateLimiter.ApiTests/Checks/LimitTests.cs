using System.Diagnostics;
using System.Text.Json;

namespace RateLimiter.ApiTests.Checks;

/// <summary>Algorithms, several limits, shadow mode, and policy resolution.</summary>
public sealed class LimitTests : ServiceFixture
{
    private static readonly string[] Algorithms =
    [
        "fixed_window",
        "sliding_window",
        "sliding_log",
        "token_bucket",
        "leaky_bucket",
    ];

    [TestCaseSource(nameof(Algorithms))]
    [Contract("algorithm? = fixed_window, burst?")]
    public async Task Check_EveryAlgorithm_AllowsTheLimitAndThenDenies(string algorithm)
    {
        var burst = algorithm.EndsWith("bucket", StringComparison.Ordinal) ? ",\"burst\":3" : "";
        await SaveAsync(
            $$"""{"route_key":"r","limit":3,"window_seconds":86400,"algorithm":"{{algorithm}}"{{burst}}}"""
        );

        var answers = new List<Answer>();
        for (var i = 0; i < 4; i++)
        {
            answers.Add(await Client.CheckAsync("u", "r"));
        }

        Assert.That(
            answers.Select(answer => (answer.Allowed, answer.Remaining)),
            Is.EqualTo(new[] { (true, 2L), (true, 1L), (true, 0L), (false, 0L) })
        );
        Assert.That(answers[3]["retry_after_ms"].GetInt64(), Is.Positive);
        Assert.That(answers[3].Headers["Retry-After"], Is.EqualTo($"{answers[3]["retry_after"]}"));
    }

    [TestCaseSource(nameof(Algorithms))]
    [Contract("An advertised wait is exact: the retry passes")]
    public async Task Check_AfterTheAdvertisedWait_Passes(string algorithm)
    {
        var burst = algorithm.EndsWith("bucket", StringComparison.Ordinal) ? ",\"burst\":2" : "";
        await SaveAsync(
            $$"""{"route_key":"r","limit":2,"window_seconds":1,"algorithm":"{{algorithm}}"{{burst}}}"""
        );
        Answer denial;
        do
        {
            denial = await Client.CheckAsync("u", "r", cost: 2);
        } while (denial.MustBeOk().Allowed);

        // The test is about the wait: only the store's clock determines that it is over. Measured with a stopwatch, because
        // the clock behind Task.Delay is coarse, and sometimes some milliseconds early.
        var wait = TimeSpan.FromMilliseconds(denial["retry_after_ms"].GetInt64());
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < wait; )
        {
            await Task.Delay(1);
        }

        Assert.That((await Client.CheckAsync("u", "r", cost: 2)).MustBeOk().Allowed, Is.True);
    }

    [Test]
    [Contract(
        "several limits: all or nothing; violated names those that denied; headers one item per limit"
    )]
    public async Task Check_SeveralLimits_TakesFromAllOrFromNone()
    {
        await SaveAsync(
            """
            {"route_key":"r","limits":[{"limit":2,"window_seconds":60,"name":"a \"minute\"%"},
             {"limit":200,"window_seconds":2592000}]}
            """
        );
        await Client.CheckAsync("u", "r", cost: 2);

        var denial = await Client.CheckAsync("u", "r");

        Assert.That(denial.MustBeOk().Allowed, Is.False);
        Assert.That(
            denial["violated"].EnumerateArray().Select(name => name.GetString()),
            Is.EqualTo(new[] { "a \"minute\"%" })
        );
        var reset = denial["reset_in"].GetInt64();
        Assert.That(
            denial.Headers["RateLimit-Policy"],
            Is.EqualTo(
                """
                "a \"minute\"%25";q=2;w=60, "2592000s";q=200;w=2592000
                """
            )
        );
        Assert.That(
            denial.Headers["RateLimit"],
            Does.Match($$"""^"a \\"minute\\"%25";r=0;t={{reset}}, "2592000s";r=198;t=2\d{6}$""")
        );
        Assert.That(denial.Headers["Retry-After"], Is.EqualTo($"{reset}"));
    }

    [Test]
    [Contract("RateLimit-Policy: \"default\";q=10;w=60, RateLimit: \"default\";r=9;t=60")]
    public async Task Check_SingleLimit_HasTheHeadersOfTheContract()
    {
        await Client.HasPolicyAsync("r", 10, 60);

        var answer = await Client.CheckAsync("u", "r");

        Assert.That(answer.Headers["RateLimit-Policy"], Is.EqualTo("\"default\";q=10;w=60"));
        Assert.That(answer.Headers["RateLimit"], Is.EqualTo("\"default\";r=9;t=60"));
        Assert.That(answer.Headers, Does.Not.ContainKey("Retry-After"));
    }

    [Test]
    [Contract(
        "of a bucket q is its capacity and w the seconds in which that much is replenished, rounded up"
    )]
    public async Task Check_Bucket_SaysEverywhereWhatCanBeLeft()
    {
        await SaveAsync(
            """{"route_key":"r","limit":20,"window_seconds":3600,"algorithm":"token_bucket","burst":10}"""
        );

        var answer = await Client.CheckAsync("u", "r");
        var batched = await Client.PostAsync(
            "/check/batch",
            """{"checks":[{"user_id":"u","route_key":"r"}]}"""
        );

        Assert.That(Figures(answer.MustBeOk().Body), Is.EqualTo((20, 10, 9)));
        Assert.That(answer.Headers["RateLimit-Policy"], Is.EqualTo("\"default\";q=10;w=1800"));
        Assert.That(answer.Headers["RateLimit"], Is.EqualTo("\"default\";r=9;t=180"));
        Assert.That(Figures(batched.MustBeOk()["results"][0]), Is.EqualTo((20, 10, 8)));
        Assert.That(
            (await Client.LogsAsync()).Select(Figures),
            Is.EqualTo(new[] { (20, 10, 8), (20, 10, 9) })
        );

        static (long Limit, long Capacity, long Remaining) Figures(JsonElement decision) =>
            (
                decision.GetProperty("limit").GetInt64(),
                decision.GetProperty("capacity").GetInt64(),
                decision.GetProperty("remaining").GetInt64()
            );
    }

    [Test]
    [Contract("no Retry-After where no wait would help")]
    public async Task Check_CostAboveTheLimit_HasNoRetryAfter()
    {
        await Client.HasPolicyAsync("r", 10, 60);

        var answer = await Client.CheckAsync("u", "r", cost: 11);

        Assert.That(answer.Headers, Does.Not.ContainKey("Retry-After"));
        Assert.That($"{answer["retry_after"]}", Is.Empty);
    }

    [Test]
    [Contract("mode shadow counts and logs as for real, answers allowed with shadow_denied: true")]
    public async Task Check_Shadow_AllowsAndTellsWhatItWouldHaveDenied()
    {
        await SaveAsync("""{"route_key":"r","limit":1,"window_seconds":3600,"mode":"shadow"}""");

        var first = await Client.CheckAsync("u", "r");
        var second = await Client.CheckAsync("u", "r");

        Assert.That(
            (first.Allowed, first["shadow_denied"].GetBoolean(), first.Remaining),
            Is.EqualTo((true, false, 0L))
        );
        Assert.That(
            (second.Allowed, second["shadow_denied"].GetBoolean(), second.Remaining),
            Is.EqualTo((true, true, 0L))
        );
        Assert.That(second.Reason, Is.Null);
        Assert.That(second.Headers, Does.Not.ContainKey("Retry-After"));
        Assert.That(
            (await Client.LogsAsync()).Select(entry =>
                entry.GetProperty("shadow_denied").GetBoolean()
            ),
            Is.EqualTo(new[] { true, false })
        );
    }

    [TestCase("r", "gold", "r", "gold")]
    [TestCase("r", "other", "r", "default")]
    [TestCase("r", null, "r", "default")]
    [TestCase("elsewhere", "gold", "*", "gold")]
    [TestCase("elsewhere", "other", "*", "default")]
    [TestCase("elsewhere", "None", "*", "default")]
    [TestCase("elsewhere", "null", "*", "default")]
    [TestCase("*", "gold", "*", "gold")]
    [Contract("(route, role) → (route, default) → (*, role) → (*, default) → 404")]
    public async Task Check_SeveralPoliciesFit_TheNearestApplies(
        string route,
        string? role,
        string matchedRoute,
        string matchedRole
    )
    {
        foreach (
            var (policyRoute, policyRole) in new[]
            {
                ("r", "gold"),
                ("r", null),
                ("*", "gold"),
                ("*", null),
            }
        )
        {
            await Client.HasPolicyAsync(policyRoute, 10, role: policyRole);
        }

        var answer = (await Client.CheckAsync("u", route, role)).MustBeOk();

        Assert.That(
            (answer["matched_route"].GetString(), answer["matched_role"].GetString()),
            Is.EqualTo((matchedRoute, matchedRole))
        );
    }

    [Test]
    [Contract("counters belong to (matched policy, requested route, user) for a catch-all")]
    public async Task Check_CatchAll_CountsEveryRouteApart()
    {
        await Client.HasPolicyAsync("*", 1);

        var answers = new List<bool>();
        foreach (var route in new[] { "a", "b", "*", "a", "b", "*" })
        {
            answers.Add((await Client.CheckAsync("u", route)).Allowed);
        }

        Assert.That(answers, Is.EqualTo(new[] { true, true, true, false, false, false }));
    }

    [TestCase(
        """{"limit":1000000000,"window_seconds":31536000,"algorithm":"token_bucket"}""",
        "limit"
    )]
    [TestCase(
        """{"limit":1000000000,"window_seconds":31536000,"algorithm":"sliding_window"}""",
        "limit"
    )]
    [TestCase(
        """{"limit":1,"window_seconds":31536000,"algorithm":"leaky_bucket","burst":1000000000}""",
        "limit"
    )]
    [TestCase("""{"limit":10001,"window_seconds":60,"algorithm":"sliding_log"}""", "limit")]
    [TestCase("""{"limit":10,"window_seconds":60,"algorithm":"sliding"}""", "algorithm")]
    [TestCase("""{"limit":10,"window_seconds":60,"algorithm":3}""", "algorithm")]
    [TestCase("""{"limit":10,"window_seconds":60,"mode":"off"}""", "mode")]
    [TestCase("""{"limit":10,"window_seconds":60,"burst":5}""", "burst")]
    [TestCase("""{"limit":10,"window_seconds":60,"algorithm":"token_bucket","burst":0}""", "burst")]
    [TestCase(
        """{"limit":10,"window_seconds":60,"algorithm":"token_bucket","burst":1.5}""",
        "burst"
    )]
    [TestCase("""{"limits":[]}""", "limits")]
    [TestCase("""{"limits":[{"limit":1,"window_seconds":1}],"limit":1}""", "limits")]
    [TestCase(
        """{"limits":[{"limit":1,"window_seconds":1,"name":"a"},{"limit":2,"window_seconds":2,"name":"a"}]}""",
        "limits"
    )]
    [TestCase("""{"limits":[{"limit":1}]}""", "limits[0].window_seconds")]
    [TestCase(
        """{"limits":[{"limit":1,"window_seconds":1},{"limit":-1,"window_seconds":1}]}""",
        "limits[1].limit"
    )]
    [TestCase("""{"limits":[{"limit":1,"window_seconds":1,"unlimied":1}]}""", "limits[0].unlimied")]
    [TestCase("""{"limits":[{"limit":1,"window_seconds":1,"name":""}]}""", "limits[0].name")]
    [TestCase("""{"limits":[null]}""", "limits[0]")]
    [TestCase(
        """{"limits":[{"limit":1,"window_seconds":1},{"limit":1,"window_seconds":2},{"limit":1,"window_seconds":3},{"limit":1,"window_seconds":4},{"limit":1,"window_seconds":5},{"limit":1,"window_seconds":6},{"limit":1,"window_seconds":7},{"limit":1,"window_seconds":8},{"limit":1,"window_seconds":9}]}""",
        "limits"
    )]
    [Contract(
        "a policy whose arithmetic would pass 2^53 is refused with the reason; up to 8 limits"
    )]
    public async Task Save_LimitThatCannotBeKept_IsRefused(string policy, string field)
    {
        var answer = await Client.PostAsync("/policy", policy.Insert(1, "\"route_key\":\"r\","));

        answer.MustRefuse(field);
        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [Test]
    [Contract(
        "The single pair is the short form of a list of one; reading gives the same fields back"
    )]
    public async Task List_SeveralLimitsAndSingle_GivesBackWhatWasSaved()
    {
        await SaveAsync(
            """
            {"route_key":"a","limits":[{"limit":1,"window_seconds":60,"name":"n"},
             {"limit":5,"window_seconds":60,"algorithm":"token_bucket","burst":7},{"limit":9,"window_seconds":60}]}
            """
        );
        await SaveAsync(
            """{"route_key":"b","limit":5,"window_seconds":60,"algorithm":"leaky_bucket","burst":3,"mode":"shadow"}"""
        );

        var policies = await Client.PoliciesAsync();

        Assert.That(
            $"{policies[0].GetProperty("limits")}",
            Is.EqualTo(
                """
                [{"name":"n","limit":1,"window_seconds":60,"algorithm":"fixed_window","burst":null,"per":["user_id"],"when_missing":"reject","period":null,"time_zone":null,"anchor":null},
                """.Trim()
                    + """{"name":"60s","limit":5,"window_seconds":60,"algorithm":"token_bucket","burst":7,"per":["user_id"],"when_missing":"reject","period":null,"time_zone":null,"anchor":null},"""
                    + """{"name":"60s-2","limit":9,"window_seconds":60,"algorithm":"fixed_window","burst":null,"per":["user_id"],"when_missing":"reject","period":null,"time_zone":null,"anchor":null}]"""
            )
        );
        Assert.That(
            new[] { "limit", "window_seconds", "algorithm", "burst", "mode", "limits" }.Select(
                name => $"{policies[1].GetProperty(name)}"
            ),
            Is.EqualTo(new[] { "5", "60", "leaky_bucket", "3", "shadow", "" })
        );
    }

    private async Task SaveAsync(string policy) =>
        (await Client.PostAsync("/policy", policy)).MustBeOk();
}
