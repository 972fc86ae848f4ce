using System.Text.Json;

namespace RateLimiter.ApiTests.Policies;

/// <summary>ETags and conditions of policies, GET /policy/history and POST /policy/rollback.</summary>
public sealed class PolicyVersionTests : ServiceFixture
{
    private const string Search = "/policy?route_key=search&role=default";

    [Test]
    [Contract("""POST /policy: ETag "<version>" """)]
    public async Task Save_Policy_AnswersItsTag()
    {
        Assert.That(TagOf(await Client.SavePolicyAsync("search", 1)), Is.EqualTo("\"1\""));
        Assert.That(TagOf(await Client.SavePolicyAsync("search", 2)), Is.EqualTo("\"2\""));
        Assert.That(TagOf(await Client.GetAsync(Search)), Is.EqualTo("\"2\""));
    }

    [Test]
    [Contract("updated_by: the key_id that saved it")]
    public async Task Save_WithAnotherKey_SaysWhose()
    {
        var key = (
            await Client.PostAsync("/keys", """{"name":"x","scopes":["policy:write"]}""")
        ).MustBeOk();

        var saved = await Client.With(key["api_key"].GetString()!).SavePolicyAsync("search", 1);

        Assert.That(
            saved.MustBeOk()["policy"].GetProperty("updated_by").GetString(),
            Is.EqualTo(key["key_id"].GetString())
        );
    }

    [Test]
    [Contract("GET /policy: the ETag of the set changes with every change")]
    public async Task List_AfterEachChange_HasAnotherTag()
    {
        var tags = new List<string> { TagOf(await Client.GetAsync("/policy")) };
        await Client.HasPolicyAsync("search", 1);
        tags.Add(TagOf(await Client.GetAsync("/policy")));
        await Client.HasPolicyAsync("search", 2);
        tags.Add(TagOf(await Client.GetAsync("/policy?route_key=search")));
        (await Client.DeletePolicyAsync("search")).MustBeOk();
        tags.Add(TagOf(await Client.GetAsync("/policy/export")));

        Assert.That(tags, Is.Unique.And.All.Match("^\"set-[0-9]+\"$"));
    }

    [TestCase("", "^\"set-[0-9]+\"$")]
    [TestCase("?route_key=search", "^\"set-[0-9]+\"$")]
    [TestCase("?role=default", "^\"set-[0-9]+\"$")]
    [TestCase("?route_key=search&role=default", "^\"1\"$")]
    [Contract("GET /policy: the ETag of the set; with route_key and role, that of the one policy")]
    public async Task List_OnePolicy_HasTheTagOfWhatWasAskedFor(string query, string tag)
    {
        await Client.HasPolicyAsync("search", 1);

        var answer = (await Client.GetAsync($"/policy{query}")).MustBeOk();

        Assert.That(TagOf(answer), Does.Match(tag));
        Assert.That(answer.Body.GetArrayLength(), Is.EqualTo(1));
    }

    [TestCase("/policy")]
    [TestCase("/policy/export")]
    [TestCase(Search)]
    [Contract("GET: 304 when If-None-Match names what the caller has")]
    public async Task Get_CallerHasThatVersion_Is304UntilItChanges(string path)
    {
        await Client.HasPolicyAsync("search", 1);
        var tag = TagOf((await Client.GetAsync(path)).MustBeOk());

        var same = await SendAsync(HttpMethod.Get, path, null, ("If-None-Match", tag));
        await Client.HasPolicyAsync("search", 2);
        var other = await SendAsync(HttpMethod.Get, path, null, ("If-None-Match", tag));

        using (Assert.EnterMultipleScope())
        {
            Assert.That((same.Status, same.Text), Is.EqualTo((304, "")));
            Assert.That(TagOf(same), Is.EqualTo(tag));
            Assert.That(other.Status, Is.EqualTo(200));
        }
    }

    [Test]
    [Contract("GET /policy with route_key and role: no ETag when there is no such policy")]
    public async Task List_NoSuchPolicy_HasNoTag()
    {
        var answer = await Client.GetAsync(Search);
        var onCondition = await SendAsync(HttpMethod.Get, Search, null, ("If-None-Match", "*"));

        Assert.That(answer.MustBeOk().Headers.Keys, Has.None.EqualTo("ETag"));
        onCondition.MustBe("[]");
    }

    [TestCase("\"1\"", 200)]
    [TestCase("\"7\", \"1\"", 200)]
    [TestCase("*", 200)]
    [TestCase("\"2\"", 412)]
    [TestCase("W/\"1\"", 412)]
    [TestCase("\"set-1\"", 412)]
    [TestCase("1", 412)]
    [TestCase("\"1", 412)]
    [TestCase("\"01\"", 412)]
    [Contract("If-Match: otherwise 412, and nothing changes")]
    public async Task AnyChange_IfMatch_IsMadeToThatVersionOnly(string header, int status)
    {
        (string, string) ifMatch = ("If-Match", header);
        await Client.HasPolicyAsync("a", 1);
        await Client.HasPolicyAsync("b", 1);
        await Client.HasPolicyAsync("c", 1);

        var answers = new[]
        {
            await SendAsync(HttpMethod.Post, "/policy", Policy("a", 9), ifMatch),
            await SendAsync(
                HttpMethod.Post,
                "/policy/rollback",
                """{"route_key":"b","version":1}""",
                ifMatch
            ),
            await SendAsync(HttpMethod.Delete, "/policy?route_key=c", null, ifMatch),
        };

        Assert.That(answers.Select(answer => answer.Status), Is.All.EqualTo(status));
        Assert.That(
            (await Client.PoliciesAsync()).Select(policy =>
                policy.GetProperty("version").GetInt64()
            ),
            Is.EqualTo(status == 200 ? new long[] { 2, 2 } : [1, 1, 1])
        );
        if (status == 412)
        {
            answers[0].MustBeProblem(412);
            Assert.That(answers[0]["detail"].GetString(), Does.Contain("Read it again"));
        }
    }

    [Test]
    [Contract("If-Match: 412 when there is no policy")]
    public async Task AnyChange_IfMatchAndNothingThere_Is412()
    {
        var any = ("If-Match", "*");

        (await SendAsync(HttpMethod.Post, "/policy", Policy("a", 1), any)).MustBeProblem(412);
        (await SendAsync(HttpMethod.Delete, "/policy?route_key=a", null, any)).MustBeProblem(412);
        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [Test]
    [Contract("If-None-Match: * only creates")]
    public async Task Save_IfNoneMatchAny_CreatesOnce()
    {
        var none = ("If-None-Match", "*");

        var answers = await Task.WhenAll(
            Enumerable
                .Range(1, 10)
                .Select(limit =>
                    SendAsync(HttpMethod.Post, "/policy", Policy("search", limit), none)
                )
        );

        Assert.That(
            answers.Select(answer => answer.Status).Order(),
            Is.EqualTo(Enumerable.Repeat(412, 9).Prepend(200))
        );
        Assert.That(
            (await Client.PoliciesAsync()).Single().GetProperty("version").GetInt64(),
            Is.EqualTo(1)
        );
    }

    [TestCase("\"1\"")]
    [TestCase("nonsense")]
    [Contract("If-None-Match other than * on writes: 400")]
    public async Task AnyChange_IfNoneMatchNotAny_IsRefused(string header)
    {
        var ifNoneMatch = ("If-None-Match", header);
        await Client.HasPolicyAsync("search", 1);

        (await SendAsync(HttpMethod.Post, "/policy", Policy("search", 2), ifNoneMatch)).MustRefuse(
            "If-None-Match"
        );
        (
            await SendAsync(HttpMethod.Delete, "/policy?route_key=search", null, ifNoneMatch)
        ).MustRefuse("If-None-Match");
        (
            await SendAsync(
                HttpMethod.Post,
                "/policy/rollback",
                """{"route_key":"search","version":1}""",
                ifNoneMatch
            )
        ).MustRefuse("If-None-Match");
        (
            await SendAsync(HttpMethod.Put, "/policy/import", """{"policies":[]}""", ifNoneMatch)
        ).MustRefuse("If-None-Match");
        Assert.That(TagOf(await Client.GetAsync(Search)), Is.EqualTo("\"1\""));
    }

    [Test]
    [Contract("If two save the same version at once, one gets 200 and the others 412")]
    public async Task Save_ManyAtOnceWithTheSameIfMatch_OneWins()
    {
        await Client.HasPolicyAsync("search", 1000);
        var ifMatch = ("If-Match", "\"1\"");

        var answers = await Task.WhenAll(
            Enumerable
                .Range(1, 10)
                .Select(limit =>
                    SendAsync(HttpMethod.Post, "/policy", Policy("search", limit), ifMatch)
                )
        );

        var won = answers.Single(answer => answer.Status == 200);
        Assert.That(answers.Where(answer => answer.Status == 412).ToList(), Has.Count.EqualTo(9));
        (await Client.GetAsync(Search)).MustBe($"[{won["policy"].GetRawText()}]");
    }

    [Test]
    [Contract("GET /policy/history: newest first, the deletion included, and numbers go on")]
    public async Task History_SavedDeletedAndMadeAnew_HasEveryVersion()
    {
        await Client.HasPolicyAsync("search", 1);
        await Client.HasPolicyAsync("search", 2);
        (await Client.DeletePolicyAsync("search")).MustBeOk();
        await Client.HasPolicyAsync("search", 4);

        var history = await HistoryAsync("?route_key=search");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                history.Select(version =>
                    (
                        version.GetProperty("version").GetInt64(),
                        version.GetProperty("deleted").GetBoolean(),
                        LimitOf(version)
                    )
                ),
                Is.EqualTo(
                    new (long, bool, long?)[]
                    {
                        (4, false, 4),
                        (3, true, null),
                        (2, false, 2),
                        (1, false, 1),
                    }
                )
            );
            Assert.That(
                history.Select(version => version.GetProperty("changed_by").GetString()).Distinct(),
                Has.Exactly(1).Not.Null
            );
            Assert.That(
                history.Select(version => version.GetProperty("changed_at").GetDateTimeOffset()),
                Is.Ordered.Descending
            );
        }
    }

    [Test]
    [Contract("GET /policy/history: [{version,changed_at,changed_by,deleted,policy}]")]
    public async Task History_SavedPolicy_IsShownAsSavingAnsweredIt()
    {
        var saved = (await Client.SavePolicyAsync("search", 1)).MustBeOk()["policy"];

        (await Client.GetAsync("/policy/history?route_key=search")).MustBe(
            $$"""
            [{"version":1,"changed_at":{{saved.GetProperty("updated_at").GetRawText()}},
              "changed_by":{{saved.GetProperty("updated_by").GetRawText()}},"deleted":false,
              "policy":{{saved.GetRawText()}}}]
            """
        );
    }

    [Test]
    [Contract("GET /policy/history?limit=&before=")]
    public async Task History_PageByPage_IsComplete()
    {
        for (var limit = 1; limit <= 5; limit++)
        {
            await Client.HasPolicyAsync("search", limit, role: "free");
        }

        Assert.That(await NumbersAsync("&limit=2"), Is.EqualTo(new[] { 5, 4 }));
        Assert.That(await NumbersAsync("&limit=2&before=4"), Is.EqualTo(new[] { 3, 2 }));
        Assert.That(await NumbersAsync("&limit=2&before=2"), Is.EqualTo(new[] { 1 }));
        Assert.That(await NumbersAsync("&limit=2&before=1"), Is.Empty);

        async Task<IEnumerable<int>> NumbersAsync(string page) =>
            (await HistoryAsync($"?route_key=search&role=free{page}")).Select(version =>
                version.GetProperty("version").GetInt32()
            );
    }

    [TestCase("", "route_key")]
    [TestCase("?route_key=", "route_key")]
    [TestCase("?route_key=a&limit=0", "limit")]
    [TestCase("?route_key=a&limit=1001", "limit")]
    [TestCase("?route_key=a&before=0", "before")]
    [TestCase("?route_key=a&before=9007199254740992", "before")]
    [TestCase("?route_key=a&before=x", "before")]
    [TestCase("?route_key=a&version=1", "version")]
    [Contract("limit 1–1000; 400")]
    public async Task History_WrongQuery_IsRefused(string query, string field)
    {
        (await Client.GetAsync($"/policy/history{query}")).MustRefuse(field);
    }

    [Test]
    [Contract("GET /policy/history: 404 without a history; another client sees nothing")]
    public async Task History_OfNothing_Is404()
    {
        var other = await TestClient.RegisterAsync(Service);
        await other.HasPolicyAsync("search", 1);

        (await Client.GetAsync("/policy/history?route_key=search")).MustBeProblem(404);
    }

    [Test]
    [Contract("POST /policy/rollback: the same answer as POST /policy")]
    public async Task RollBack_OldVersion_IsTheNextVersion()
    {
        var first = (
            await Client.SavePolicyAsync("search", 100, 60, description: "first")
        ).MustBeOk()["policy"];
        await Client.HasPolicyAsync("search", 7, 30);

        var answer = (await RollBackAsync(1)).MustBeOk();

        Assert.That(answer["message"].GetString(), Is.EqualTo("Policy saved successfully."));
        Assert.That(TagOf(answer), Is.EqualTo("\"3\""));
        var policy = answer["policy"];
        foreach (var field in new[] { "limit", "window_seconds", "description", "created_at" })
        {
            Assert.That(
                policy.GetProperty(field).ToString(),
                Is.EqualTo(first.GetProperty(field).ToString()),
                field
            );
        }
    }

    [Test]
    [Contract("POST /policy/rollback: a deleted policy is restored")]
    public async Task RollBack_Deleted_ComesBackWithFreshCounters()
    {
        await Client.HasPolicyAsync("search", 10);
        (await Client.CheckAsync("u", "search", cost: 4)).MustBeOk();
        (await Client.DeletePolicyAsync("search")).MustBeOk();

        var answer = (await RollBackAsync(1)).MustBeOk();

        Assert.That(TagOf(answer), Is.EqualTo("\"3\""));
        Assert.That(await Client.RemainingAsync("u", "search"), Is.EqualTo(10));
    }

    [TestCase(2)]
    [TestCase(3)]
    [TestCase(9_007_199_254_740_991)]
    [Contract("POST /policy/rollback: 404 when there is no such version, or it is the deletion")]
    public async Task RollBack_NoSuchVersion_Is404(long version)
    {
        await Client.HasPolicyAsync("search", 10);
        (await Client.DeletePolicyAsync("search")).MustBeOk();

        (await RollBackAsync(version)).MustBeProblem(404);

        Assert.That(await Client.PoliciesAsync(), Is.Empty);
    }

    [TestCase("""{"route_key":"a"}""", "version")]
    [TestCase("""{"version":1}""", "route_key")]
    [TestCase("""{"route_key":"a","version":0}""", "version")]
    [TestCase("""{"route_key":"a","version":9223372036854775807}""", "version")]
    [TestCase("""{"route_key":"a","version":"1"}""", "version")]
    [TestCase("""{"route_key":"a","version":1,"limit":1}""", "limit")]
    [Contract("POST /policy/rollback: 400")]
    public async Task RollBack_WrongBody_IsRefused(string body, string field)
    {
        (await Client.PostAsync("/policy/rollback", body)).MustRefuse(field);
    }

    private static string Policy(string route, long limit) =>
        new Json
        {
            ["route_key"] = route,
            ["limit"] = limit,
            ["window_seconds"] = 60,
        }.ToString();

    private static string TagOf(Answer answer) => answer.Headers["ETag"];

    private static long? LimitOf(JsonElement version) =>
        version.GetProperty("policy") is { ValueKind: JsonValueKind.Object } policy
            ? policy.GetProperty("limit").GetInt64()
            : null;

    private async Task<IReadOnlyList<JsonElement>> HistoryAsync(string query) =>
        [.. (await Client.GetAsync($"/policy/history{query}")).MustBeOk().Body.EnumerateArray()];

    private Task<Answer> RollBackAsync(long version) =>
        Client.PostAsync(
            "/policy/rollback",
            new Json { ["route_key"] = "search", ["version"] = version }.ToString()
        );

    private Task<Answer> SendAsync(
        HttpMethod method,
        string path,
        string? body,
        params (string Name, string Value)[] headers
    ) => Client.SendAsync(method, path, body, headers);
}
