using System.Text.Json;

namespace RateLimiter.ApiTests.Checks;

/// <summary>The header Idempotency-Key, and idempotency_key in the items of a batch.</summary>
public sealed class IdempotencyTests : ServiceFixture
{
    private const string Check = """{"user_id":"u","route_key":"r","cost":3}""";

    [Test]
    [Contract(
        "With the same fields: the same answer for 10 minutes, charged once, Idempotency-Replayed: true"
    )]
    public async Task Check_Repeated_GetsTheSameAnswerAndIsChargedOnce()
    {
        await Client.HasPolicyAsync("r", 10);

        var first = await CheckAsync(Check, "k");
        await CheckAsync(Check, key: null);
        var second = await CheckAsync(Check, "k");

        Assert.That(second.Text, Is.EqualTo(first.Text));
        Assert.That(Replayed(first), Is.Null);
        Assert.That(Replayed(second), Is.EqualTo("true"));
        Assert.That(second.Headers["RateLimit"], Does.Match("r=7;t=36?[0-9]+"));
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(4));
    }

    [Test]
    [Contract("A repeat is neither logged nor counted")]
    public async Task Check_Repeated_IsLoggedOnce()
    {
        await Client.HasPolicyAsync("r", 10);

        for (var i = 0; i < 3; i++)
        {
            await CheckAsync(Check, "k");
        }

        await CheckAsync("""{"user_id":"last","route_key":"r"}""", key: null);
        IReadOnlyList<JsonElement> log = [];
        await Poll.UntilAsync(
            "The last check is not logged.",
            TimeSpan.FromSeconds(10),
            async () => (log = await Client.LogsAsync()).Any(entry => User(entry) == "last")
        );
        Assert.That(log.Select(User), Is.EqualTo(new[] { "last", "u" }));

        static string? User(JsonElement entry) => entry.GetProperty("user_id").GetString();
    }

    [TestCase("""{"user_id":"u","route_key":"r","cost":4}""")]
    [TestCase("""{"user_id":"u","route_key":"r","cost":3,"min_cost":1}""")]
    [Contract("With other fields: 422")]
    public async Task Check_RepeatedWithOtherFields_IsRefused(string other)
    {
        await Client.HasPolicyAsync("r", 10);
        await CheckAsync(Check, "k");

        (await CheckAsync(other, "k")).MustBeProblem(422);

        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(7));
    }

    [TestCase("""{"user_id":"other","route_key":"r","cost":3}""")]
    [TestCase("""{"user_id":"u","route_key":"other","cost":3}""")]
    [TestCase("""{"user_id":"u","route_key":"r","role":"other","cost":3}""")]
    [TestCase("""{"user_id":"u","route_key":"r","cost":3,"subjects":{"org":"acme"}}""")]
    [Contract("With another user, route, role or subjects it is another key")]
    public async Task Check_SameKeyOfAnother_IsAnotherKey(string other)
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.HasPolicyAsync("other", 10);
        await CheckAsync(Check, "k");

        var answer = (await CheckAsync(other, "k")).MustBeOk();

        Assert.That(Replayed(answer), Is.Null);
        Assert.That(answer.Allowed);
    }

    [Test]
    [Contract(
        "Only allowed answers are kept: a denial frees the key, and a call with a key is never answered from memory"
    )]
    public async Task Check_Denied_FreesTheKey()
    {
        await Client.HasPolicyAsync("r", 2);

        var denied = await CheckAsync(Check, "k");
        await Client.HasPolicyAsync("r", 10);
        var allowed = await CheckAsync(Check, "k");

        Assert.That((denied.Allowed, allowed.Allowed), Is.EqualTo((false, true)));
        Assert.That(Replayed(allowed), Is.Null);
    }

    [Test]
    [Contract("cost 0 keeps nothing")]
    public async Task Check_OfNothing_KeepsNothing()
    {
        await Client.HasPolicyAsync("r", 10);
        const string look = """{"user_id":"u","route_key":"r","cost":0}""";

        await CheckAsync(look, "k");
        await CheckAsync(Check, key: null);
        var second = await CheckAsync(look, "k");

        Assert.That((Replayed(second), second.Remaining), Is.EqualTo(((string?)null, 7L)));
    }

    [Test]
    public async Task Check_RepeatedAtOnce_IsChargedOnce()
    {
        await Client.HasPolicyAsync("r", 10);

        var answers = await Task.WhenAll(
            Enumerable.Range(0, 20).Select(_ => CheckAsync(Check, "k"))
        );

        Assert.That(answers.Count(answer => Replayed(answer) is null), Is.EqualTo(1));
        Assert.That(answers.Select(answer => answer.Text).Distinct().Count(), Is.EqualTo(1));
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(7));
    }

    [Test]
    public async Task Check_SeveralLimitsAndPartialGrant_IsReplayedWhole()
    {
        (
            await Client.PostAsync(
                "/policy",
                """
                {"route_key":"r","limits":[{"name":"a","limit":9,"window_seconds":3600},
                 {"name":"b","limit":4,"window_seconds":86400,"algorithm":"token_bucket"},
                 {"name":"c","limit":7,"algorithm":"calendar","period":"year"}]}
                """
            )
        ).MustBeOk();
        const string check = """{"user_id":"u","route_key":"r","cost":8,"min_cost":1}""";

        var first = await CheckAsync(check, "k");
        var second = await CheckAsync(check, "k");

        Assert.That(first["granted"].GetInt64(), Is.EqualTo(4));
        Assert.That(second.Text, Is.EqualTo(first.Text));
        Assert.That(second.Headers["RateLimit"], Is.EqualTo(first.Headers["RateLimit"]));
        Assert.That(Replayed(second), Is.EqualTo("true"));
    }

    [Test]
    [Contract("A key belongs to the call: that of a check is another than that of a refund")]
    public async Task Refund_Repeated_IsGivenBackOnce()
    {
        await Client.HasPolicyAsync("r", 10);
        await CheckAsync("""{"user_id":"u","route_key":"r","cost":9}""", key: null);
        await CheckAsync("""{"user_id":"u","route_key":"r","cost":1}""", "k");
        const string refund = """{"user_id":"u","route_key":"r","cost":1}""";

        var first = await SendAsync("/usage/refund", refund, "k");
        var second = await SendAsync("/usage/refund", refund, "k");

        Assert.That((Replayed(first), Replayed(second)), Is.EqualTo(((string?)null, "true")));
        Assert.That(second.Text, Is.EqualTo(first.Text));
        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(1));
    }

    [Test]
    [Contract("The same key twice in one batch charges once; with other fields the item is a 422")]
    public async Task Batch_SameKeyTwice_IsChargedOnce()
    {
        await Client.HasPolicyAsync("r", 10);

        var batch = (
            await Client.PostAsync(
                "/check/batch",
                """
                {"checks":[{"user_id":"u","route_key":"r","cost":3,"idempotency_key":"k"},
                 {"user_id":"u","route_key":"r","cost":3,"idempotency_key":"k"},
                 {"user_id":"u","route_key":"r","cost":2,"idempotency_key":"k"},
                 {"user_id":"u","route_key":"r","cost":2}]}
                """
            )
        ).MustBeOk();

        var results = batch["results"].EnumerateArray().ToList();
        Assert.That(results[1].GetRawText(), Is.EqualTo(results[0].GetRawText()));
        Assert.That(
            results[2].GetProperty("error").GetProperty("status").GetInt32(),
            Is.EqualTo(422)
        );
        Assert.That(results[3].GetProperty("remaining").GetInt64(), Is.EqualTo(5));
    }

    [Test]
    [Contract("The key of an item is the key of a check")]
    public async Task Batch_KeyOfACheck_IsReplayed()
    {
        await Client.HasPolicyAsync("r", 10);
        await CheckAsync(Check, "k");

        await Client.PostAsync(
            "/check/batch",
            """{"checks":[{"user_id":"u","route_key":"r","cost":3,"idempotency_key":"k"}]}"""
        );

        Assert.That(await Client.RemainingAsync("u", "r"), Is.EqualTo(7));
    }

    [TestCase("")]
    [TestCase("two words")]
    [TestCase("12345678901234567890123456789012345678901234567890123456789012345")]
    [Contract("Idempotency-Key: 1–64 visible ASCII characters")]
    public async Task AnyCall_InvalidKey_IsRefused(string key)
    {
        await Client.HasPolicyAsync("r", 10);
        var item = new Json
        {
            ["user_id"] = "u",
            ["route_key"] = "r",
            ["idempotency_key"] = key,
        };

        var batch = await Client.PostAsync("/check/batch", $$"""{"checks":[{{item}}]}""");

        (await CheckAsync(Check, key)).MustRefuse("Idempotency-Key");
        (await SendAsync("/usage/refund", Check, key)).MustRefuse("Idempotency-Key");
        Assert.That(
            batch
                .MustBeOk()["results"][0]
                .GetProperty("error")
                .GetProperty("errors")
                .EnumerateObject()
                .Select(error => error.Name),
            Is.EqualTo(new[] { "idempotency_key" })
        );
    }

    [Test]
    [Contract("The header on /check/batch is a 400; a key in the body of a check too")]
    public async Task AnyCall_KeyAtTheWrongPlace_IsRefused()
    {
        await Client.HasPolicyAsync("r", 10);

        var batch = await SendAsync("/check/batch", $$"""{"checks":[{{Check}}]}""", "k");
        var check = await Client.PostAsync(
            "/check",
            """{"user_id":"u","route_key":"r","idempotency_key":"k"}"""
        );

        batch.MustRefuse("Idempotency-Key");
        check.MustRefuse("idempotency_key");
    }

    [Test]
    public async Task Check_LongestKeyOfAllCharacters_IsAccepted()
    {
        await Client.HasPolicyAsync("r", 10);
        var key = string.Concat(Enumerable.Range('!', 64).Select(code => (char)code));

        await CheckAsync(Check, key);

        Assert.That(Replayed(await CheckAsync(Check, key)), Is.EqualTo("true"));
    }

    private static string? Replayed(Answer answer) =>
        answer.Headers.TryGetValue("Idempotency-Replayed", out var value) ? value : null;

    private Task<Answer> CheckAsync(string check, string? key) => SendAsync("/check", check, key);

    private Task<Answer> SendAsync(string path, string body, string? key) =>
        key is null
            ? Client.PostAsync(path, body)
            : Client.SendAsync(HttpMethod.Post, path, body, ("Idempotency-Key", key));
}
