using System.Globalization;
using System.Text.Json;

namespace RateLimiter.ApiTests.Policies;

/// <summary>POST, GET and DELETE /policy.</summary>
public sealed class PolicyTests : ServiceFixture
{
    private static readonly string[] OddNames =
    [
        "a:b",
        "{a}",
        "*",
        "?[a-z]",
        "\"quoted\" 'and' \\",
        " spaces around ",
        "/api/v1/items?id=1&x=y#z",
        "größe",
        "路线",
        "👩‍👩‍👧",
        "null",
        "%00%2F",
        "<script>",
    ];

    [Test]
    [Contract("""POST /policy → 200 {"message": "Policy saved successfully.", "policy": {...}}""")]
    public async Task Save_NewPolicy_AnswersMessageAndPolicy()
    {
        var answer = await Client.PostAsync(
            "/policy",
            """
            {"route_key":"search","limit":100,"window_seconds":60,"role":"free",
             "description":"For free accounts","is_active":false}
            """
        );

        var created = answer["policy"].GetProperty("created_at");
        var keyId = (await Client.GetAsync("/keys")).Body[0].GetProperty("key_id");
        answer.MustBe(
            $$$"""
            {"message":"Policy saved successfully.","policy":{"route_key":"search","role":"free",
             "limit":100,"window_seconds":60,"algorithm":"fixed_window","burst":null,"per":["user_id"],"when_missing":"reject","period":null,"time_zone":null,"anchor":null,"limits":null,"mode":"enforce","on_store_failure":null,"on_expiry":null,
             "description":"For free accounts",
             "is_active":false,"version":1,"created_at":{{{created.GetRawText()}}},"updated_at":{{{created.GetRawText()}}},
             "updated_by":{{{keyId.GetRawText()}}}},"reset_limits":[]}
            """
        );
    }

    [Test]
    [Contract("role?, description?, is_active? = true, algorithm? = fixed_window")]
    public async Task Save_OnlyWhatIsRequired_FillsInTheDefaults()
    {
        var answer = await Client.SavePolicyAsync("search", 100, 60);

        var policy = answer.MustBeOk()["policy"];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(policy.GetProperty("role").GetString(), Is.EqualTo("default"));
            Assert.That(
                policy.GetProperty("description").ValueKind,
                Is.EqualTo(JsonValueKind.Null)
            );
            Assert.That(policy.GetProperty("is_active").GetBoolean(), Is.True);
            Assert.That(policy.GetProperty("algorithm").GetString(), Is.EqualTo("fixed_window"));
        }
    }

    [Test]
    [Contract("created_at, updated_at (RFC 3339, UTC)")]
    public async Task Save_NewPolicy_StampsItInUtc()
    {
        var before = TimeProvider.System.GetUtcNow();
        var answer = await Client.SavePolicyAsync("search", 100, 60);

        var text = answer["policy"].GetProperty("created_at").GetString()!;
        Assert.That(text, Does.Match(@"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"));
        Assert.That(
            DateTimeOffset.Parse(text, CultureInfo.InvariantCulture),
            Is.InRange(before, TimeProvider.System.GetUtcNow())
        );
    }

    [Test]
    [Contract("version (1, 2, …); creates or replaces")]
    public async Task Save_PolicyThatIsThere_ReplacesItAsTheNextVersion()
    {
        var first = (await Client.SavePolicyAsync("search", 100, 60))["policy"];
        var second = (await Client.SavePolicyAsync("search", 7, 30)).MustBeOk()["policy"];

        using (Assert.EnterMultipleScope())
        {
            Assert.That(second.GetProperty("version").GetInt64(), Is.EqualTo(2));
            Assert.That(second.GetProperty("limit").GetInt64(), Is.EqualTo(7));
            Assert.That(second.GetProperty("window_seconds").GetInt64(), Is.EqualTo(30));
            Assert.That(
                second.GetProperty("created_at").GetString(),
                Is.EqualTo(first.GetProperty("created_at").GetString())
            );
            Assert.That(
                second.GetProperty("updated_at").GetDateTimeOffset(),
                Is.GreaterThan(first.GetProperty("updated_at").GetDateTimeOffset())
            );
        }

        Assert.That(await Client.PoliciesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    [Contract("version (1, 2, …): none is lost when two save at once")]
    public async Task Save_20TimesAtOnce_CountsEveryVersion()
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(1, 20).Select(limit => Client.SavePolicyAsync("search", limit))
        );

        Assert.That(
            answers.Select(answer => answer.MustBeOk()["policy"].GetProperty("version").GetInt32()),
            Is.EquivalentTo(Enumerable.Range(1, 20))
        );
    }

    [TestCase("0")]
    [TestCase("1")]
    [TestCase("1000000000")]
    [Contract("limit 0–1,000,000,000")]
    public async Task Save_LimitWithinBounds_IsAccepted(string limit)
    {
        var answer = await SaveAsync(limit: limit);

        Assert.That(
            answer.MustBeOk()["policy"].GetProperty("limit").GetRawText(),
            Is.EqualTo(limit)
        );
    }

    [TestCase("-1")]
    [TestCase("1000000001")]
    [TestCase("9007199254740993")]
    [TestCase("99999999999999999999")]
    [TestCase("1e400")]
    [TestCase("1.5")]
    [TestCase("\"1\"")]
    [TestCase("null")]
    [TestCase("true")]
    [TestCase("[1]")]
    [TestCase("{}")]
    [Contract("limit 0–1,000,000,000, an integer")]
    public async Task Save_LimitOutOfBounds_IsRefused(string limit)
    {
        await MustRefuseAsync(await SaveAsync(limit: limit), "limit");
    }

    [TestCase("1")]
    [TestCase("31536000")]
    [Contract("window_seconds 1–31,536,000")]
    public async Task Save_WindowWithinBounds_IsAccepted(string window)
    {
        var answer = await SaveAsync(window: window);

        Assert.That(
            answer.MustBeOk()["policy"].GetProperty("window_seconds").GetRawText(),
            Is.EqualTo(window)
        );
    }

    [TestCase("0")]
    [TestCase("-1")]
    [TestCase("31536001")]
    [TestCase("9007199254740993")]
    [TestCase("1e400")]
    [TestCase("0.5")]
    [TestCase("\"60\"")]
    [TestCase("null")]
    [Contract("window_seconds 1–31,536,000, an integer")]
    public async Task Save_WindowOutOfBounds_IsRefused(string window)
    {
        await MustRefuseAsync(await SaveAsync(window: window), "window_seconds");
    }

    [TestCase("x", 1)]
    [TestCase("x", 128)]
    [TestCase("😀", 128)]
    [Contract("route_key, role 1–128 characters")]
    public async Task Save_NamesWithinBounds_AreAccepted(string character, int count)
    {
        var name = character.Times(count);

        (await Client.SavePolicyAsync(name, 1, role: name)).MustBeOk();

        (await Client.CheckAsync("u", name, name)).MustBeOk();
        (await Client.DeletePolicyAsync(name, name)).MustBeOk();
    }

    [TestCase("x", 0)]
    [TestCase("x", 129)]
    [TestCase("😀", 129)]
    [Contract("route_key, role 1–128 characters")]
    public async Task Save_NamesOutOfBounds_AreRefused(string character, int count)
    {
        var name = character.Times(count);

        await MustRefuseAsync(
            await Client.SavePolicyAsync(name, 1, role: name),
            "route_key",
            "role"
        );
    }

    [TestCase("null")]
    [TestCase("1")]
    [TestCase("\"a\\u0000\"")]
    [TestCase("\"a\\tb\"")]
    [TestCase("\"\\u009f\"")]
    [TestCase("\"\\udc00\"")]
    [Contract("route_key: a string without control characters")]
    public async Task Save_RouteMalformed_IsRefused(string route)
    {
        await MustRefuseAsync(await SaveAsync(route: route), "route_key");
    }

    [TestCase("1")]
    [TestCase("[]")]
    [TestCase("\"a\\u0000\"")]
    [TestCase("\"a\\r\"")]
    [Contract("role: a string without control characters, or null")]
    public async Task Save_RoleMalformed_IsRefused(string role)
    {
        await MustRefuseAsync(await SaveAsync(more: $", \"role\": {role}"), "role");
    }

    [TestCase("x", 0)]
    [TestCase("x", 500)]
    [TestCase("😀", 500)]
    [Contract("description ≤ 500")]
    public async Task Save_DescriptionWithinBounds_IsKept(string character, int count)
    {
        var description = character.Times(count);

        (await Client.SavePolicyAsync("r", 1, description: description)).MustBeOk();

        var policy = (await Client.PoliciesAsync()).Single();
        Assert.That(policy.GetProperty("description").GetString(), Is.EqualTo(description));
    }

    [TestCase("x", 501)]
    [TestCase("😀", 501)]
    [Contract("description ≤ 500")]
    public async Task Save_DescriptionTooLong_IsRefused(string character, int count)
    {
        await MustRefuseAsync(
            await Client.SavePolicyAsync("r", 1, description: character.Times(count)),
            "description"
        );
    }

    [TestCase("description", "1")]
    [TestCase("is_active", "null")]
    [TestCase("is_active", "1")]
    [TestCase("is_active", "\"true\"")]
    [TestCase("mode", "null")]
    [TestCase("on_store_failure", "\"open\"")]
    [TestCase("on_store_failure", "\"Deny\"")]
    [TestCase("on_store_failure", "0")]
    [TestCase("algorithm", "0")]
    [TestCase("algorithm", "\"no_such\"")]
    [TestCase("algorithm", "\"FixedWindow\"")]
    [TestCase("algorithm", "\"FIXED_WINDOW\"")]
    [Contract("Policy: the types of its fields")]
    public async Task Save_FieldOfWrongType_IsRefused(string field, string value)
    {
        await MustRefuseAsync(await SaveAsync(more: $", \"{field}\": {value}"), field);
    }

    [TestCase("unlimied")]
    [TestCase("Limit")]
    [TestCase("windowSeconds")]
    [TestCase("version")]
    [TestCase("created_at")]
    [Contract("Unknown request fields are an error")]
    public async Task Save_UnknownField_IsRefused(string field)
    {
        await MustRefuseAsync(await SaveAsync(more: $", \"{field}\": 1"), field);
    }

    [Test]
    [Contract("errors: {field: [message]}, all at once")]
    public async Task Save_NothingGiven_NamesEveryMissingField()
    {
        await MustRefuseAsync(
            await Client.PostAsync("/policy", "{}"),
            "route_key",
            "limit",
            "window_seconds"
        );
    }

    [Test]
    [Contract("A refused request changes nothing")]
    public async Task Save_RefusedOverPolicyThatIsThere_LeavesItAlone()
    {
        await Client.HasPolicyAsync("r", 5, 60);

        (await SaveAsync(limit: "-1")).MustRefuse("limit");

        var policy = (await Client.PoliciesAsync()).Single();
        Assert.That(policy.GetProperty("limit").GetInt64(), Is.EqualTo(5));
        Assert.That(policy.GetProperty("version").GetInt64(), Is.EqualTo(1));
    }

    [TestCaseSource(nameof(OddNames))]
    [Contract("Any other character is legal")]
    public async Task Save_OddName_IsKeptFoundAndDeleted(string name)
    {
        await Client.HasPolicyAsync(name, 3, role: name);

        var query = $"?route_key={Uri.EscapeDataString(name)}&role={Uri.EscapeDataString(name)}";
        var policy = (await Client.PoliciesAsync(query)).Single();
        Assert.That(policy.GetProperty("route_key").GetString(), Is.EqualTo(name));
        Assert.That(policy.GetProperty("role").GetString(), Is.EqualTo(name));
        Assert.That((await Client.CheckAsync(name, name, name)).Remaining, Is.EqualTo(2));
        (await Client.SendAsync(HttpMethod.Delete, $"/policy{query}")).MustBeOk();
        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [TestCase("search", "Search")]
    [TestCase("search", "search ")]
    [TestCase("search", " search")]
    [TestCase("e\u0301", "\u00e9")]
    [TestCase("ß", "ss")]
    [Contract(
        "Names are compared byte for byte (no trimming, case folding or Unicode normalisation)"
    )]
    public async Task Save_NamesThatLookAlike_AreTwoPolicies(string one, string other)
    {
        await Client.HasPolicyAsync(one, 1);
        (await Client.CheckAsync("u", other)).MustBeProblem(404);
        await Client.HasPolicyAsync(other, 1);

        Assert.That(await Client.PoliciesAsync(), Has.Count.EqualTo(2));
    }

    [Test]
    [Contract("GET /policy → 200 [policy, ...]")]
    public async Task List_OnePolicy_GivesWhatSavingAnswered()
    {
        var saved = (
            await Client.SavePolicyAsync("search", 100, 60, "free", "For all", isActive: true)
        )["policy"];

        (await Client.GetAsync("/policy")).MustBe($"[{saved.GetRawText()}]");
    }

    [Test]
    [Contract("GET /policy: ordered by route_key then role")]
    public async Task List_ManyPolicies_OrdersThemByRouteThenRole()
    {
        // U+FF5E comes after an emoji in UTF-16, and before it by code point and in UTF-8.
        string[] ordered = ["", "A", "B", "a", "a:", "ab", "b", "é", "～", "😀"];
        foreach (var name in ordered.Reverse())
        {
            await Client.HasPolicyAsync($"r{name}", 1, role: "z");
            await Client.HasPolicyAsync($"r{name}", 1, role: "a");
        }

        Assert.That(
            (await Client.PoliciesAsync()).Select(Names),
            Is.EqualTo(ordered.SelectMany(name => new[] { $"r{name} a", $"r{name} z" }))
        );
    }

    [TestCase("?route_key=a", new[] { "a default", "a free" })]
    [TestCase("?role=free", new[] { "a free", "b free" })]
    [TestCase("?role=default", new[] { "a default" })]
    [TestCase("?route_key=b&role=free", new[] { "b free" })]
    [TestCase("?route_key=A", new string[0])]
    [TestCase("?route_key=*", new string[0])]
    [Contract("GET /policy: filters ?route_key=&role=")]
    public async Task List_WithFilter_GivesThoseThatFit(string query, string[] expected)
    {
        await Client.HasPolicyAsync("a", 1);
        await Client.HasPolicyAsync("a", 1, role: "free");
        await Client.HasPolicyAsync("b", 1, role: "free");

        Assert.That((await Client.PoliciesAsync(query)).Select(Names), Is.EqualTo(expected));
    }

    [TestCase("?rute_key=a", "rute_key")]
    [TestCase("?route_key=a&route_key=b", "route_key")]
    [TestCase("?role=", "role")]
    [Contract("Unknown request fields are an error, in the query too")]
    public async Task List_WithWrongFilter_IsRefused(string query, string field)
    {
        (await Client.GetAsync($"/policy{query}")).MustRefuse(field);
    }

    [Test]
    [Contract("""DELETE /policy {"route_key", "role"?} → 200 {"message": "Policy deleted"}""")]
    public async Task Delete_NamesInBody_DeletesThatPolicyOnly()
    {
        await Client.HasPolicyAsync("r", 1);
        await Client.HasPolicyAsync("r", 1, role: "free");
        await Client.HasPolicyAsync("s", 1, role: "free");

        (await Client.DeletePolicyAsync("r", "free")).MustBe("""{"message":"Policy deleted"}""");

        Assert.That(
            (await Client.PoliciesAsync()).Select(Names),
            Is.EqualTo(["r default", "s free"])
        );
    }

    [Test]
    [Contract("DELETE /policy: the same names in the query string")]
    public async Task Delete_NamesInQuery_DeletesThatPolicyOnly()
    {
        await Client.HasPolicyAsync("r", 1);
        await Client.HasPolicyAsync("r", 1, role: "free");

        var answer = await Client.SendAsync(HttpMethod.Delete, "/policy?route_key=r&role=free");

        answer.MustBe("""{"message":"Policy deleted"}""");
        Assert.That((await Client.PoliciesAsync()).Select(Names), Is.EqualTo(["r default"]));
    }

    [Test]
    [Contract("DELETE /policy: 404 if there is none")]
    public async Task Delete_NoSuchPolicy_AnswersNotFound()
    {
        await Client.HasPolicyAsync("r", 1);

        (await Client.DeletePolicyAsync("r", "free")).MustBeProblem(404);
        (await Client.DeletePolicyAsync("s")).MustBeProblem(404);
        (await Client.SendAsync(HttpMethod.Delete, "/policy?route_key=s")).MustBeProblem(404);
    }

    [Test]
    [Contract("DELETE /policy: 404 if there is none")]
    public async Task Delete_Twice_AnswersNotFound()
    {
        await Client.HasPolicyAsync("r", 1);

        (await Client.DeletePolicyAsync("r")).MustBeOk();
        (await Client.DeletePolicyAsync("r")).MustBeProblem(404);
        (await Client.CheckAsync("u", "r")).MustBeProblem(404);
    }

    [TestCase("", null, "route_key")]
    [TestCase("?role=free", null, "route_key")]
    [TestCase("?route_key=r", """{"route_key":"r"}""", "route_key")]
    [TestCase("?role=free", """{"route_key":"r"}""", "route_key")]
    [TestCase("?route_key=", null, "route_key")]
    [TestCase("?route_key=r&roel=free", null, "roel")]
    [TestCase("", """{"role":"free"}""", "route_key")]
    [TestCase("", """{"route_key":""}""", "route_key")]
    [TestCase("", """{"route_key":"r","role":1}""", "role")]
    [TestCase("", """{"route_key":"r","roel":"free"}""", "roel")]
    [Contract("DELETE /policy: the names in the body or in the query")]
    public async Task Delete_NamesMissingOrWrong_IsRefused(string query, string? body, string field)
    {
        await Client.HasPolicyAsync("r", 1);

        (await Client.SendAsync(HttpMethod.Delete, $"/policy{query}", body)).MustRefuse(field);

        Assert.That(await Client.PoliciesAsync(), Has.Count.EqualTo(1));
    }

    [Test]
    [Contract(
        "DELETE /policy: its counters go with it: a policy created again starts with reset counters"
    )]
    public async Task Delete_PolicyThatWasUsed_ForgetsItsCounters()
    {
        await Client.HasPolicyAsync("r", 2);
        await Client.CheckAsync("u", "r", cost: 2);

        await Client.DeletePolicyAsync("r");
        await Client.HasPolicyAsync("r", 2);

        Assert.That((await Client.CheckAsync("u", "r")).Remaining, Is.EqualTo(1));
        // The deletion was a version too.
        Assert.That(
            (await Client.PoliciesAsync()).Single().GetProperty("version").GetInt64(),
            Is.EqualTo(3)
        );
    }

    [TestCase("")]
    [TestCase(""", "role": null""")]
    [TestCase(""", "role": "default" """)]
    [Contract("role omitted, null and \"default\" mean the same")]
    public async Task Save_DefaultRoleInAnyForm_IsOnePolicy(string role)
    {
        await Client.HasPolicyAsync("r", 1);

        var answer = await SaveAsync(more: role);

        Assert.That(answer.MustBeOk()["policy"].GetProperty("version").GetInt64(), Is.EqualTo(2));
        Assert.That((await Client.PoliciesAsync()).Select(Names), Is.EqualTo(["r default"]));
    }

    [TestCase("", """{"route_key":"r"}""")]
    [TestCase("", """{"route_key":"r","role":null}""")]
    [TestCase("", """{"route_key":"r","role":"default"}""")]
    [TestCase("?route_key=r", null)]
    [TestCase("?route_key=r&role=default", null)]
    [Contract("role omitted, null and \"default\" mean the same")]
    public async Task Delete_DefaultRoleInAnyForm_DeletesThatPolicy(string query, string? body)
    {
        await Client.HasPolicyAsync("r", 1);

        (await Client.SendAsync(HttpMethod.Delete, $"/policy{query}", body)).MustBeOk();

        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [Test]
    [Contract("Tenants are isolated")]
    public async Task Delete_PolicyOfAnotherTenant_AnswersNotFound()
    {
        var other = await TestClient.RegisterAsync(Service);
        await other.HasPolicyAsync("r", 1);

        (await Client.DeletePolicyAsync("r")).MustBeProblem(404);

        Assert.That(await Client.PoliciesAsync(), Is.Empty);
        Assert.That(await other.PoliciesAsync(), Has.Count.EqualTo(1));
    }

    private Task<Answer> SaveAsync(
        string route = "\"r\"",
        string limit = "1",
        string window = "60",
        string more = ""
    ) =>
        Client.PostAsync(
            "/policy",
            $$"""{"route_key": {{route}}, "limit": {{limit}}, "window_seconds": {{window}}{{more}}}"""
        );

    private async Task MustRefuseAsync(Answer answer, params string[] fields)
    {
        answer.MustRefuse(fields);
        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    private static string Names(JsonElement policy) =>
        $"{policy.GetProperty("route_key")} {policy.GetProperty("role")}";
}
