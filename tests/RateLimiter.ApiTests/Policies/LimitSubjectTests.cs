using System.Text;

namespace RateLimiter.ApiTests.Policies;

/// <summary>per and when_missing of limits: saved, read, exported, imported, rolled back.</summary>
public sealed class LimitSubjectTests : ServiceFixture
{
    private const string OfOrganisation = """
        {"route_key":"r","limit":5,"window_seconds":60,"per":["user_id","org"],"when_missing":"skip"}
        """;

    private const string Several = """
        {"route_key":"s","limits":[
         {"name":"a","limit":5,"window_seconds":60,"per":["org"]},
         {"name":"b","limit":5,"window_seconds":60,"per":["org","user_id"],"when_missing":"skip"},
         {"name":"c","limit":5,"window_seconds":60,"per":[]}]}
        """;

    [Test]
    [Contract("per: a set (order does not matter); in the short form beside limit")]
    public async Task Save_Subjects_AreGivenBackInOneOrder()
    {
        var single = await SaveAsync(OfOrganisation);
        var several = await SaveAsync(Several);

        var policy = single["policy"];
        Assert.That(
            $"{policy.GetProperty("per")} {policy.GetProperty("when_missing")}",
            Is.EqualTo("""["org","user_id"] skip""")
        );
        Assert.That(
            several["policy"]
                .GetProperty("limits")
                .EnumerateArray()
                .Select(it => $"{it.GetProperty("per")} {it.GetProperty("when_missing")}"),
            Is.EqualTo(new[] { """["org"] reject""", """["org","user_id"] skip""", "[] reject" })
        );
        Assert.That($"{several["policy"].GetProperty("per")}", Is.Empty);
        Assert.That(
            (await Client.PoliciesAsync()).Select(it => it.GetRawText()),
            Is.EqualTo(new[] { single, several }.Select(it => it["policy"].GetRawText()))
        );
    }

    [TestCase(""" "per":["org","org"] """, "per")]
    [TestCase(""" "per":["Org"] """, "per")]
    [TestCase(""" "per":["1"] """, "per")]
    [TestCase(""" "per":["a-b"] """, "per")]
    [TestCase(""" "per":[""] """, "per")]
    [TestCase(""" "per":[null] """, "per")]
    [TestCase(""" "per":["a","b","c","d","e","f","g","h","i","j"] """, "per")]
    [TestCase(""" "per":[1] """, "per[0]")]
    [TestCase(""" "per":"org" """, "per")]
    [TestCase(""" "per":{} """, "per")]
    [TestCase(""" "when_missing":"ignore" """, "when_missing")]
    [TestCase(""" "when_missing":1 """, "when_missing")]
    [TestCase(""" "whenmissing":"skip" """, "whenmissing")]
    [Contract("per: no duplicates, at most 9; names as in checks")]
    public async Task Save_SubjectsMalformed_AreRefused(string fields, string field)
    {
        var single = await Client.PostAsync(
            "/policy",
            $$"""{"route_key":"r","limit":5,"window_seconds":60,{{fields}}}"""
        );
        var several = await Client.PostAsync(
            "/policy",
            $$"""{"route_key":"r","limits":[{"limit":5,"window_seconds":1},{"limit":5,"window_seconds":60,{{fields}}}]}"""
        );
        var import = await ImportAsync(
            $$"""{"policies":[{"route_key":"r","limit":5,"window_seconds":60,{{fields}}}]}"""
        );

        single.MustRefuse(field);
        several.MustRefuse($"limits[1].{field}");
        import.MustRefuse($"policies[0].{field}");
        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [TestCase(""" "per":["org"] """)]
    [TestCase(""" "per":[] """)]
    [TestCase(""" "when_missing":"skip" """)]
    public async Task Save_SubjectsBesideAList_AreRefused(string fields) =>
        (
            await Client.PostAsync(
                "/policy",
                $$"""{"route_key":"r","limits":[{"limit":5,"window_seconds":1}],{{fields}}}"""
            )
        ).MustRefuse("limits");

    [TestCase("""["a","b","c","d","e","f","g","h","user_id"]""")]
    [TestCase("""["a_","b__1"]""")]
    [TestCase("[]")]
    [TestCase("null")]
    public async Task Save_SubjectsWithinBounds_AreAccepted(string per) =>
        await SaveAsync($$"""{"route_key":"r","limit":5,"window_seconds":60,"per":{{per}}}""");

    // Fields of the limits named a and b before and after, and which are reset.
    [TestCase(""" "per":["org"] """, """ "per":["org"] """, "[]")]
    [TestCase(""" "per":["org","user_id"] """, """ "per":["user_id","org"] """, "[]")]
    [TestCase(""" "per":["user_id"] """, """ "when_missing":"skip" """, "[]")]
    [TestCase(""" "per":["org"] """, """ "per":["model"] """, """["a"]""")]
    [TestCase(""" "per":["user_id"] """, """ "per":["user_id","org"] """, """["a"]""")]
    [Contract("Another per is reset like another window; POST /policy and dry_run say so")]
    public async Task Save_OtherSubjectsOfOneLimit_TellsWhatIsReset(
        string before,
        string after,
        string reset
    )
    {
        // Another limit, whose subjects are the same in common with both.
        string Of(string fields) =>
            $$"""
                {"route_key":"r","limits":[{"name":"a","limit":5,"window_seconds":60,{{fields}}},
                 {"name":"b","limit":5,"window_seconds":60,"per":["user_id"]}]}
                """;
        var saved = await SaveAsync(Of(before));

        var dry = await ImportAsync($$"""{"policies":[{{Of(after)}}]}""", dryRun: true);
        var again = await SaveAsync(Of(after));

        Assert.That($"{saved["reset_limits"]}", Is.EqualTo("[]"), "It is new.");
        Assert.That($"{again["reset_limits"]}", Is.EqualTo(reset));
        var changes = dry.MustBeOk()["changes"];
        Assert.That(
            changes.GetArrayLength() == 0 ? "[]" : $"{changes[0].GetProperty("reset_limits")}",
            Is.EqualTo(reset)
        );
    }

    [Test]
    [Contract("Other common subjects are reset like another window")]
    public async Task Save_AddedLimitWithNothingInCommon_ResetsTheOthers()
    {
        const string organisation =
            """{"name":"org","limit":5,"window_seconds":3600,"per":["org"]}""";
        const string member =
            """{"name":"member","limit":5,"window_seconds":3600,"per":["org","user_id"]}""";
        const string user = """{"name":"user","limit":5,"window_seconds":3600}""";
        string Of(params string[] limits) =>
            $$"""{"route_key":"r","limits":[{{string.Join(',', limits)}}]}""";
        await SaveAsync(Of(organisation));
        await CheckAsync();

        var common = await SaveAsync(Of(organisation, member));
        var kept = await CheckAsync();
        var uncommon = await SaveAsync(Of(organisation, member, user));
        var reset = await CheckAsync();

        Assert.That($"{common["reset_limits"]}", Is.EqualTo("[]"));
        Assert.That(kept.Remaining, Is.EqualTo(3));
        Assert.That($"{uncommon["reset_limits"]}", Is.EqualTo("""["org","member"]"""));
        Assert.That(reset.Remaining, Is.EqualTo(4));

        Task<Answer> CheckAsync() =>
            Client.PostAsync(
                "/check",
                """{"user_id":"u","route_key":"r","subjects":{"org":"acme"}}"""
            );
    }

    [TestCase(60, 10, "[]")]
    [TestCase(61, 5, """["default"]""")]
    [Contract("""POST /policy: "reset_limits" """)]
    public async Task Save_OtherWindowOrPermits_TellsWhatIsReset(
        long window,
        long permits,
        string reset
    )
    {
        await Client.HasPolicyAsync("r", 5, 60);

        var saved = await Client.SavePolicyAsync("r", permits, window);

        Assert.That($"{saved.MustBeOk()["reset_limits"]}", Is.EqualTo(reset));
    }

    [TestCase("json")]
    [TestCase("yaml")]
    [Contract("export → import is a round trip without changes")]
    public async Task Export_Subjects_AreImportedAsTheyWere(string format)
    {
        await SaveAsync(OfOrganisation);
        await SaveAsync(Several);
        await Client.HasPolicyAsync("plain", 5);
        var document = (await Client.GetAsync($"/policy/export?format={format}")).MustBeOk().Text;

        var same = await ImportAsync(document, format: format);
        var other = await TestClient.RegisterAsync(Service);
        var moved = await ImportAsync(document, format: format, client: other);

        Assert.That(same.MustBeOk()["unchanged"].GetInt32(), Is.EqualTo(3));
        Assert.That(moved.MustBeOk()["created"].GetInt32(), Is.EqualTo(3));
        Assert.That(
            (await other.GetAsync($"/policy/export?format={format}")).Text,
            Is.EqualTo(document)
        );
        Assert.That(
            (document.Split("per").Length - 1, document.Split("when_missing").Length - 1),
            Is.EqualTo((4, 2)),
            "What is the default is left out."
        );
    }

    [Test]
    [Contract("History and rollback have the fields of limits, and reset what counts otherwise")]
    public async Task RollBack_ToOtherSubjects_HasThemAgainAndTellsWhatIsReset()
    {
        await SaveAsync(OfOrganisation);
        await SaveAsync("""{"route_key":"r","limit":5,"window_seconds":60}""");

        var back = await Client.PostAsync("/policy/rollback", """{"route_key":"r","version":1}""");

        back.MustBeOk();
        Assert.That($"{back["policy"].GetProperty("per")}", Is.EqualTo("""["org","user_id"]"""));
        Assert.That($"{back["policy"].GetProperty("when_missing")}", Is.EqualTo("skip"));
        Assert.That($"{back["reset_limits"]}", Is.EqualTo("""["default"]"""));
        var history = (await Client.GetAsync("/policy/history?route_key=r")).MustBeOk().Body;
        Assert.That(
            history.EnumerateArray().Select(it => $"{it.GetProperty("policy").GetProperty("per")}"),
            Is.EqualTo(
                new[] { """["org","user_id"]""", """["user_id"]""", """["org","user_id"]""" }
            )
        );
    }

    private async Task<Answer> SaveAsync(string policy) =>
        (await Client.PostAsync("/policy", policy)).MustBeOk();

    private async Task<Answer> ImportAsync(
        string document,
        bool dryRun = false,
        string format = "json",
        TestClient? client = null
    )
    {
        using var content = new StringContent(document, Encoding.UTF8, $"application/{format}");
        return await (client ?? Client).SendAsync(
            HttpMethod.Put,
            $"/policy/import?dry_run={(dryRun ? "true" : "false")}",
            content
        );
    }
}
