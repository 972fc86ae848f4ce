using System.Text.Json;

namespace RateLimiter.ApiTests.Overrides;

/// <summary>POST, PUT, GET and DELETE /overrides.</summary>
public sealed class OverridesTests : ServiceFixture
{
    [Test]
    [Contract("POST /overrides → 200 with override_id")]
    public async Task Create_WithAllFields_AnswersThem()
    {
        var answer = (
            await CreateAsync(
                """
                {"subject":"user_id","match":"alice","match_type":"exact","route_key":"search","role":"free","effect":"limits",
                 "limits":{"daily":5000},"expires_at":"2100-01-02T04:04:05.5+01:00","reason":"a good\ncustomer"}
                """
            )
        ).MustBeOk();

        var keyId = (await Client.GetAsync("/keys")).Body[0].GetProperty("key_id");
        var created = answer["created_at"].GetRawText();
        Assert.That(answer["override_id"].GetString(), Does.Match("^[0-9A-Za-z]{16}$"));
        answer.MustBe(
            $$$"""
            {"override_id":{{{answer[
                "override_id"
            ].GetRawText()}}},"subject":"user_id","match":"alice","match_type":"exact","route_key":"search",
             "role":"free","effect":"limits","expires_at":"2100-01-02T03:04:05.5Z","reason":"a good\ncustomer","version":1,
             "created_at":{{{created}}},"updated_at":{{{created}}},"updated_by":{{{keyId.GetRawText()}}},"limits":{"daily":5000}}
            """
        );
    }

    [TestCase("alice", "exact")]
    [TestCase("al*", "pattern")]
    [TestCase("*.example.com", "pattern")]
    [TestCase("192.0.2.0/24", "network")]
    [TestCase("2001:db8::/32", "network")]
    [TestCase("GET /orders", "exact")]
    [Contract("\"match_type\": \"exact\"|\"pattern\"|\"network\" (default by form)")]
    public async Task Create_WithoutAType_SeesItByTheForm(string match, string type) =>
        Assert.That(
            (await BlockAsync(match)).MustBeOk()["match_type"].GetString(),
            Is.EqualTo(type)
        );

    [TestCase("""{"match":"a","effect":"blocked"}""", "subject")]
    [TestCase("""{"subject":"Org","match":"a","effect":"blocked"}""", "subject")]
    [TestCase("""{"subject":"org","effect":"blocked"}""", "match")]
    [TestCase("""{"subject":"org","match":"","effect":"blocked"}""", "match")]
    [TestCase("""{"subject":"org","match":"*","effect":"blocked"}""", "match")]
    [TestCase("""{"subject":"org","match":"a*b","effect":"blocked"}""", "match")]
    [TestCase("""{"subject":"org","match":"*a*","effect":"blocked"}""", "match")]
    [TestCase("""{"subject":"org","match":"10.0.0.0/33","effect":"blocked"}""", "match")]
    [TestCase("""{"subject":"org","match":"10.0.0.1/24","effect":"blocked"}""", "match")]
    [TestCase(
        """{"subject":"org","match":"a","match_type":"network","effect":"blocked"}""",
        "match"
    )]
    [TestCase(
        """{"subject":"org","match":"a","match_type":"regex","effect":"blocked"}""",
        "match_type"
    )]
    [TestCase("""{"subject":"org","match":"a"}""", "effect")]
    [TestCase("""{"subject":"org","match":"a","effect":"deny"}""", "effect")]
    [TestCase("""{"subject":"org","match":"a","effect":"limits"}""", "limits")]
    [TestCase("""{"subject":"org","match":"a","effect":"limits","limits":{}}""", "limits")]
    [TestCase(
        """{"subject":"org","match":"a","effect":"limits","limits":{"daily":-1}}""",
        "limits.daily"
    )]
    [TestCase(
        """{"subject":"org","match":"a","effect":"limits","limits":{"daily":1000000001}}""",
        "limits.daily"
    )]
    [TestCase(
        """{"subject":"org","match":"a","effect":"limits","limits":{"daily":1.5}}""",
        "limits.daily"
    )]
    [TestCase(
        """{"subject":"org","match":"a","effect":"blocked","limits":{"daily":1}}""",
        "limits"
    )]
    [TestCase("""{"subject":"org","match":"a","effect":"blocked","route_key":""}""", "route_key")]
    [TestCase("""{"subject":"org","match":"a","effect":"blocked","role":""}""", "role")]
    [TestCase(
        """{"subject":"org","match":"a","effect":"blocked","expires_at":"tomorrow"}""",
        "expires_at"
    )]
    [TestCase(
        """{"subject":"org","match":"a","effect":"blocked","expires_at":"2026-01-01T00:00:00"}""",
        "expires_at"
    )]
    [TestCase("""{"subject":"org","match":"a","effect":"blocked","reason":"\u0000"}""", "reason")]
    [TestCase("""{"subject":"org","match":"a","effect":"blocked","other":1}""", "other")]
    public async Task Create_FieldThatIsWrong_NamesIt(string body, string field)
    {
        var answer = await CreateAsync(body);

        answer.MustBeStatus(400);
        Assert.That(
            answer["errors"].EnumerateObject().Select(error => error.Name),
            Is.EqualTo(new[] { field })
        );
    }

    [Test]
    [Contract(
        "GET /overrides → [override], newest first, filters subject, match, route_key, role, effect"
    )]
    public async Task List_WithFilters_ListsThoseThatMatchNewestFirst()
    {
        await CreateAsync("""{"subject":"user_id","match":"a","effect":"blocked"}""");
        await CreateAsync(
            """{"subject":"org","match":"a*","effect":"unlimited","route_key":"r"}"""
        );
        await CreateAsync(
            """{"subject":"org","match":"a","effect":"limits","limits":{"x":1},"role":"paid"}"""
        );

        Assert.That(await ListAsync(""), Is.EqualTo("limits unlimited blocked"));
        Assert.That(await ListAsync("?subject=org"), Is.EqualTo("limits unlimited"));
        Assert.That(await ListAsync("?match=a"), Is.EqualTo("limits blocked"));
        Assert.That(await ListAsync("?match=a*"), Is.EqualTo("unlimited"));
        Assert.That(await ListAsync("?route_key=r"), Is.EqualTo("unlimited"));
        Assert.That(await ListAsync("?role=paid"), Is.EqualTo("limits"));
        Assert.That(await ListAsync("?effect=blocked"), Is.EqualTo("blocked"));
        Assert.That(await ListAsync("?effect=blocked&subject=org"), Is.Empty);
        (await Client.GetAsync("/overrides?effect=none")).MustBeStatus(400);
    }

    [Test]
    [Contract("PUT /overrides/{id}")]
    public async Task Update_WhatIsThere_ReplacesItAndKeepsItsId()
    {
        var first = await BlockAsync("alice");

        var second = await PutAsync(
            IdOf(first),
            """{"subject":"org","match":"b*","effect":"unlimited"}"""
        );

        second.MustBeOk();
        Assert.That(IdOf(second), Is.EqualTo(IdOf(first)));
        Assert.That(
            (
                second["match"].GetString(),
                second["effect"].GetString(),
                second["version"].GetInt64()
            ),
            Is.EqualTo(("b*", "unlimited", 2L))
        );
        Assert.That(
            second["created_at"].GetRawText(),
            Is.EqualTo(first["created_at"].GetRawText())
        );
        Assert.That(await ListAsync(""), Is.EqualTo("unlimited"));
    }

    [TestCase("0123456789abcdef")]
    [TestCase("x")]
    [TestCase("%F0%9F%98%80%F0%9F%98%80")]
    [Contract("unknown id 404")]
    public async Task UpdateAndDelete_UnknownId_AreNotFound(string id)
    {
        (await PutAsync(id, """{"subject":"org","match":"b","effect":"blocked"}""")).MustBeStatus(
            404
        );
        (await DeleteAsync(id)).MustBeStatus(404);
    }

    [Test]
    [Contract("DELETE /overrides/{id} → 204")]
    public async Task Delete_WhatIsThere_IsGone()
    {
        var created = await BlockAsync("alice");

        (await DeleteAsync(IdOf(created))).MustBeStatus(204);

        Assert.That(await ListAsync(""), Is.Empty);
        (await DeleteAsync(IdOf(created))).MustBeStatus(404);
    }

    [Test]
    [Contract("Scopes policy:read, policy:write")]
    public async Task AnyCall_WithoutTheScope_IsForbidden()
    {
        var reader = await WithScopesAsync("policy:read");
        var checker = await WithScopesAsync("check");

        (await reader.GetAsync("/overrides")).MustBeOk();
        (await checker.GetAsync("/overrides")).MustBeStatus(403);
        (
            await reader.PostAsync(
                "/overrides",
                """{"subject":"user_id","match":"a","effect":"blocked"}"""
            )
        ).MustBeStatus(403);
        (await reader.SendAsync(HttpMethod.Delete, "/overrides/0123456789abcdef")).MustBeStatus(
            403
        );
    }

    [Test]
    [Contract("audited")]
    public async Task Changes_OfAnOverride_AreInTheAuditTrail()
    {
        var id = IdOf(
            await CreateAsync(
                """{"subject":"user_id","match":"a","effect":"limits","limits":{"x":1}}"""
            )
        );
        await PutAsync(id, """{"subject":"user_id","match":"b","effect":"blocked"}""");
        await DeleteAsync(id);

        var entries = (await Client.GetAsync("/audit?limit=3")).MustBeOk()["entries"];
        Assert.That(
            entries
                .EnumerateArray()
                .Select(entry =>
                    $"{entry.GetProperty("action")} {MatchOf(entry, "before")} {MatchOf(entry, "after")}"
                ),
            Is.EqualTo(
                new[] { "override.deleted b -", "override.updated a b", "override.created - a" }
            )
        );
        Assert.That(
            entries[2].GetProperty("after").GetProperty("overridden_limits").GetRawText(),
            Is.EqualTo("""{"x":1}""")
        );
        Assert.That(
            (await Client.GetAsync("/audit?action=override.updated"))
                .MustBeOk()["entries"]
                .GetArrayLength(),
            Is.EqualTo(1)
        );

        static string MatchOf(JsonElement entry, string side) =>
            entry.GetProperty(side) is { ValueKind: JsonValueKind.Object } it
                ? it.GetProperty("match").GetString()!
                : "-";
    }

    [Test]
    [Contract("A change raises the version of the client's set of policies (ETag, If-Match)")]
    public async Task Change_OfAnOverride_IsAnotherVersionOfTheSet()
    {
        var before = await Client.GetAsync("/policy/export");
        await BlockAsync("alice");

        var after = await Client.GetAsync("/policy/export");

        Assert.That(after.Headers["ETag"], Is.Not.EqualTo(before.Headers["ETag"]));
        (
            await Client.SendAsync(
                HttpMethod.Put,
                "/policy/import",
                """{"policies":[]}""",
                ("If-Match", before.Headers["ETag"])
            )
        ).MustBeStatus(412);
    }

    private async Task<TestClient> WithScopesAsync(string scope) =>
        Client.With(
            (await Client.PostAsync("/keys", $$"""{"name":"k","scopes":["{{scope}}"]}"""))
                .MustBeOk()["api_key"]
                .GetString()!
        );

    private static string IdOf(Answer answer) => answer.MustBeOk()["override_id"].GetString()!;

    private async Task<string> ListAsync(string query) =>
        string.Join(
            ' ',
            (await Client.GetAsync($"/overrides{query}"))
                .MustBeOk()
                .Body.EnumerateArray()
                .Select(it => it.GetProperty("effect").GetString())
        );

    private Task<Answer> CreateAsync(string body) => Client.PostAsync("/overrides", body);

    private Task<Answer> BlockAsync(string match) =>
        CreateAsync($$"""{"subject":"user_id","match":"{{match}}","effect":"blocked"}""");

    private Task<Answer> PutAsync(string id, string body) =>
        Client.SendAsync(HttpMethod.Put, $"/overrides/{id}", body);

    private Task<Answer> DeleteAsync(string id) =>
        Client.SendAsync(HttpMethod.Delete, $"/overrides/{id}");
}
