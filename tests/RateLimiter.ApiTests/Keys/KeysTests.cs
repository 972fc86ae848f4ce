using System.Text.Json;

namespace RateLimiter.ApiTests.Keys;

/// <summary>Further keys beside that of /register: their scopes and their expiry.</summary>
public sealed class KeysTests : ServiceFixture
{
    private static readonly object[] Operations =
    [
        new object?[] { "POST", "/check", """{"user_id":"u","route_key":"r"}""", "check" },
        new object?[]
        {
            "POST",
            "/check/batch",
            """{"checks":[{"user_id":"u","route_key":"r"}]}""",
            "check",
        },
        new object?[] { "GET", "/usage?user_id=u&route_key=r", null, "check usage:write" },
        new object?[]
        {
            "POST",
            "/usage/refund",
            """{"user_id":"u","route_key":"r"}""",
            "usage:write",
        },
        new object?[] { "DELETE", "/usage?user_id=u&route_key=r", null, "usage:write" },
        new object?[] { "GET", "/policy", null, "policy:read" },
        new object?[]
        {
            "POST",
            "/policy",
            """{"route_key":"s","limit":1,"window_seconds":1}""",
            "policy:write",
        },
        new object?[] { "DELETE", "/policy?route_key=s", null, "policy:write" },
        new object?[] { "GET", "/policy/history?route_key=s", null, "policy:read" },
        new object?[] { "GET", "/policy/export", null, "policy:read" },
        new object?[]
        {
            "POST",
            "/policy/rollback",
            """{"route_key":"s","version":1}""",
            "policy:write",
        },
        new object?[] { "PUT", "/policy/import", """{"policies":[]}""", "policy:write" },
        new object?[] { "GET", "/audit", null, "audit:read" },
        new object?[] { "GET", "/audit/export", null, "audit:read" },
        new object?[] { "GET", "/logs/latest", null, "logs:read" },
        new object?[] { "GET", "/keys", null, "keys:write" },
        new object?[] { "POST", "/keys", """{"name":"x"}""", "keys:write check" },
        new object?[] { "DELETE", "/keys/x", null, "keys:write" },
        new object?[] { "POST", "/keys/rotate", "{}", "keys:write" },
    ];

    private static readonly string[] Scopes =
    [
        "check",
        "policy:read",
        "policy:write",
        "logs:read",
        "usage:write",
        "keys:write",
        "audit:read",
    ];

    [TestCaseSource(nameof(Operations))]
    [Contract("403 key without the scope")]
    public async Task AnyOperation_WithAKeyForAllButIt_AnswersForbidden(
        string method,
        string path,
        string? body,
        string needed
    )
    {
        await Client.HasPolicyAsync("r", 10);
        var others = await MakeAsync([.. Scopes.Except(needed.Split(' '))]);

        var answer = await others.SendAsync(new HttpMethod(method), path, body);

        answer.MustBeProblem(403);
    }

    [TestCaseSource(nameof(Operations))]
    [Contract("403 key without the scope")]
    public async Task AnyOperation_WithAKeyForIt_IsDone(
        string method,
        string path,
        string? body,
        string needed
    )
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.HasPolicyAsync("s", 10);
        foreach (
            var scopes in needed.StartsWith("keys", StringComparison.Ordinal)
                ? [needed.Split(' ')]
                : needed.Split(' ').Select(scope => new[] { scope })
        )
        {
            var key = await MakeAsync(scopes);

            var answer = await key.SendAsync(new HttpMethod(method), path, body);

            Assert.That(answer.Status, Is.AnyOf(200, 204, 404), answer.Text);
        }
    }

    [Test]
    [Contract("the key of /register is admin")]
    public async Task List_AfterRegister_ShowsOneAdminKeyAndNeverTheKey()
    {
        var answer = await Client.GetAsync("/keys");

        var key = answer.MustBeOk().Body.EnumerateArray().Single();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(key.GetProperty("scopes").GetRawText(), Is.EqualTo("""["admin"]"""));
            Assert.That(Client.Key, Does.StartWith(key.GetProperty("prefix").GetString()!));
            Assert.That(key.GetProperty("expires_at").ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(answer.Text, Does.Not.Contain(Client.Key));
            Assert.That(answer.Text, Does.Not.Contain(Client.Key[20..^6]));
        }
    }

    [Test]
    [Contract("A key that only needs to check gets only that")]
    public async Task Create_NoScopes_IsGoodForChecksAlone()
    {
        var answer = await Client.PostAsync("/keys", """{"name":"checkout"}""");

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer["scopes"].GetRawText(), Is.EqualTo("""["check"]"""));
            Assert.That(answer["name"].GetString(), Is.EqualTo("checkout"));
            Assert.That(answer["api_key"].GetString(), Does.StartWith($"rl_{Client.Id}_"));
            Assert.That(answer.Headers["Cache-Control"], Is.EqualTo("no-store"));
        }
    }

    [Test]
    [Contract("GET /keys: last used to the minute")]
    public async Task List_AfterAKeyWasUsed_ShowsTheMinute()
    {
        var unused = await MakeAsync("check");
        var used = await MakeAsync("policy:read");
        (await used.GetAsync("/policy")).MustBeOk();

        var uses = (await Client.GetAsync("/keys"))
            .MustBeOk()
            .Body.EnumerateArray()
            .ToDictionary(
                key => key.GetProperty("prefix").GetString()!,
                key => key.GetProperty("last_used_at")
            );

        Assert.That(
            uses[unused.Key[..uses.Keys.First().Length]].ValueKind,
            Is.EqualTo(JsonValueKind.Null)
        );
        var minute = uses[used.Key[..uses.Keys.First().Length]].GetDateTimeOffset();
        Assert.That(minute.Second + minute.Millisecond, Is.Zero);
        Assert.That(
            TimeProvider.System.GetUtcNow() - minute,
            Is.LessThan(TimeSpan.FromMinutes(2)).And.GreaterThan(TimeSpan.FromMinutes(-1))
        );
    }

    [TestCase("""{}""", "name")]
    [TestCase("""{"name":""}""", "name")]
    [TestCase("""{"name":"x","scopes":[]}""", "scopes")]
    [TestCase("""{"name":"x","scopes":["chek"]}""", "scopes")]
    [TestCase("""{"name":"x","scopes":["Check"]}""", "scopes")]
    [TestCase("""{"name":"x","scopes":["check",null]}""", "scopes")]
    [TestCase("""{"name":"x","expires_in_seconds":0}""", "expires_in_seconds")]
    [TestCase("""{"name":"x","expires_in_seconds":315360001}""", "expires_in_seconds")]
    [TestCase("""{"name":"x","scope":["check"]}""", "scope")]
    [Contract("400 malformed or invalid body")]
    public async Task Create_InvalidBody_AnswersBadRequestAndMakesNone(string body, string field)
    {
        var answer = await Client.PostAsync("/keys", body);

        answer.MustBeProblem(400);
        Assert.That(answer["errors"].TryGetProperty(field, out _), answer.Text);
        Assert.That((await Client.GetAsync("/keys")).Body.GetArrayLength(), Is.EqualTo(1));
    }

    [Test]
    [Contract("403 key without the scope")]
    public async Task Create_ForMoreThanTheOwnKey_AnswersForbidden()
    {
        var own = await MakeAsync("keys:write", "check");

        (await own.PostAsync("/keys", """{"name":"x","scopes":["admin"]}""")).MustBeProblem(403);
        (await own.PostAsync("/keys", """{"name":"x","scopes":["logs:read"]}""")).MustBeProblem(
            403
        );
        (await own.PostAsync("/keys", """{"name":"x","scopes":["check"]}""")).MustBeOk();
    }

    [Test]
    [Contract("401 expired key")]
    public async Task Key_AfterItsTime_IsRefused()
    {
        var answer = await Client.PostAsync(
            "/keys",
            """{"name":"x","scopes":["policy:read"],"expires_in_seconds":1}"""
        );
        var key = Client.With(answer["api_key"].GetString()!);

        await Poll.UntilAsync(
            "The key does not expire.",
            TimeSpan.FromSeconds(10),
            async () => (await key.GetAsync("/policy")).Status == 401
        );
        Assert.That(
            TimeProvider.System.GetUtcNow(),
            Is.GreaterThanOrEqualTo(answer["expires_at"].GetDateTimeOffset())
        );
    }

    [Test]
    [Contract("401 revoked key")]
    public async Task Delete_AKey_IsRefusedFromThenOn()
    {
        var made = await Client.PostAsync("/keys", """{"name":"x","scopes":["policy:read"]}""");
        var key = Client.With(made["api_key"].GetString()!);
        (await key.GetAsync("/policy")).MustBeOk();

        var id = made["key_id"].GetString();
        var answer = await Client.SendAsync(HttpMethod.Delete, $"/keys/{id}");

        Assert.That(answer.Status, Is.EqualTo(204));
        (await key.GetAsync("/policy")).MustBeProblem(401);
        (await Client.SendAsync(HttpMethod.Delete, $"/keys/{id}")).MustBeProblem(404);
        (await Client.GetAsync("/policy")).MustBeOk();
    }

    [Test]
    [Contract("the last admin key cannot delete itself by accident: 409")]
    public async Task Delete_TheLastAdminKey_AnswersConflictUntilThereIsAnother()
    {
        var own = (await Client.GetAsync("/keys")).Body[0].GetProperty("key_id").GetString();
        await MakeAsync(Scopes);

        (await Client.SendAsync(HttpMethod.Delete, $"/keys/{own}")).MustBeProblem(409);
        var other = await MakeAsync("admin");
        Assert.That(
            (await Client.SendAsync(HttpMethod.Delete, $"/keys/{own}")).Status,
            Is.EqualTo(204)
        );

        (await Client.GetAsync("/policy")).MustBeProblem(401);
        (await other.GetAsync("/policy")).MustBeOk();
    }

    [Test]
    [Contract("403 key without the scope")]
    public async Task Delete_AKeyForMoreThanTheOwn_AnswersForbidden()
    {
        var own = await MakeAsync("keys:write");
        var admin = (await Client.GetAsync("/keys")).Body[0].GetProperty("key_id").GetString();

        (await own.SendAsync(HttpMethod.Delete, $"/keys/{admin}")).MustBeProblem(403);
    }

    [Test]
    [Contract("404 nothing there")]
    public async Task Delete_AKeyOfAnotherClient_AnswersNotFound()
    {
        var other = await TestClient.RegisterAsync(Service);
        var id = (await other.GetAsync("/keys")).Body[0].GetProperty("key_id").GetString();

        (await Client.SendAsync(HttpMethod.Delete, $"/keys/{id}")).MustBeProblem(404);
        (await other.GetAsync("/keys")).MustBeOk();
    }

    [TestCase(null)]
    [TestCase("{}")]
    [TestCase("""{"grace_seconds":0}""")]
    [Contract("POST /keys/rotate replaces the calling key")]
    public async Task Rotate_WithoutGrace_OnlyTheNewKeyIsGood(string? body)
    {
        var rotated = await Client.SendAsync(HttpMethod.Post, "/keys/rotate", body);

        var key = Client.With(rotated.MustBeOk()["api_key"].GetString()!);
        (await Client.GetAsync("/policy")).MustBeProblem(401);
        Assert.That((await key.GetAsync("/keys")).MustBeOk().Body.GetArrayLength(), Is.EqualTo(1));
        Assert.That(rotated["scopes"].GetRawText(), Is.EqualTo("""["admin"]"""));
        Assert.That(rotated.Headers["Cache-Control"], Is.EqualTo("no-store"));
    }

    [Test]
    [Contract("POST /keys/rotate: the old one is valid until the end of the grace period")]
    public async Task Rotate_WithGrace_TheOldKeyIsGoodForSoLong()
    {
        var rotated = await Client.PostAsync("/keys/rotate", """{"grace_seconds":2}""");

        var key = Client.With(rotated.MustBeOk()["api_key"].GetString()!);
        (await Client.GetAsync("/policy")).MustBeOk();
        (await key.GetAsync("/policy")).MustBeOk();
        await Poll.UntilAsync(
            "The old key does not expire.",
            TimeSpan.FromSeconds(10),
            async () => (await Client.GetAsync("/policy")).Status == 401
        );
        (await key.GetAsync("/policy")).MustBeOk();
    }

    [TestCase("""{"grace_seconds":-1}""")]
    [TestCase("""{"grace_seconds":2592001}""")]
    [TestCase("""{"grace_seconds":"1"}""")]
    [TestCase("""{"grace":1}""")]
    [Contract("400 malformed or invalid body")]
    public async Task Rotate_InvalidBody_AnswersBadRequestAndChangesNothing(string body)
    {
        (await Client.PostAsync("/keys/rotate", body)).MustBeProblem(400);
        (await Client.GetAsync("/policy")).MustBeOk();
    }

    [Test]
    [Contract("POST /keys/rotate replaces the calling key")]
    public async Task Rotate_ManyAtOnce_OneWins()
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => Client.PostAsync("/keys/rotate", "{}"))
        );

        var won = answers.Where(answer => answer.Status == 200).ToList();
        Assert.That(won, Has.Count.EqualTo(1));
        Assert.That(answers.Except(won).Select(answer => answer.Status), Has.All.EqualTo(401));
        (await Client.With(won[0]["api_key"].GetString()!).GetAsync("/policy")).MustBeOk();
    }

    [Test]
    [Contract("POST /keys gives the key once")]
    public async Task Create_ManyAtOnce_AllAreGood()
    {
        var made = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(_ => MakeAsync("policy:read"))
        );

        foreach (var key in made)
        {
            (await key.GetAsync("/policy")).MustBeOk();
        }

        Assert.That((await Client.GetAsync("/keys")).Body.GetArrayLength(), Is.EqualTo(11));
    }

    private async Task<TestClient> MakeAsync(params string[] scopes)
    {
        var body = JsonSerializer.Serialize(new { name = "x", scopes });
        var answer = await Client.PostAsync("/keys", body);
        return Client.With(answer.MustBeOk()["api_key"].GetString()!);
    }
}
