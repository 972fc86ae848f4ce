using System.Text.Json;

namespace RateLimiter.ApiTests.Logs;

/// <summary>GET /logs/latest.</summary>
public sealed class LogsTests : ServiceFixture
{
    [Test]
    [Contract("""[{"timestamp", "user_id", "route", "role", "allowed", "reason", …}]""")]
    public async Task Latest_OneCheck_GivesTheWholeEntry()
    {
        await Client.HasPolicyAsync("search", 10);
        var before = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds();
        await Client.CheckAsync("alice", "search", "free", cost: 3);

        var answer = await Client.GetAsync("/logs/latest");

        var entry = answer.MustBeOk().Body.EnumerateArray().Single();
        var timestamp = entry.GetProperty("timestamp");
        var milliseconds = entry.GetProperty("timestamp_ms").GetInt64();
        answer.MustBe(
            $$"""
            [{"timestamp":{{timestamp.GetRawText()}},"timestamp_ms":{{milliseconds}},"user_id":"alice",
              "subjects":null,"route":"search","role":"free","allowed":true,"reason":null,"cost":3,"granted":3,"remaining":7,"limit":10,"capacity":10,
              "matched_role":"default","shadow_denied":false,"degraded":false,"kind":"decision","reservation_id":null,"released":null,"override_id":null}]
            """
        );
        Assert.That(timestamp.GetString(), Does.Match(@"^\d{4}-\d\d-\d\dT[\d:]{8}(\.\d+)?Z$"));
        Assert.That(
            timestamp.GetDateTimeOffset().ToUnixTimeMilliseconds(),
            Is.EqualTo(milliseconds)
        );
        Assert.That(
            milliseconds,
            Is.InRange(before, TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds())
        );
    }

    [TestCase("", new[] { "refund carol", "decision carol", "decision bob", "decision alice" })]
    [TestCase("&subject.org=acme", new[] { "refund carol", "decision carol", "decision bob" })]
    [TestCase("&subject.org=acme&subject.model=gpt", new[] { "decision bob" })]
    [TestCase("&subject.org=acme&user_id=carol&allowed=true", new[] { "decision carol" })]
    [TestCase("&subject.org=Acme", new string[0])]
    [TestCase("&subject.region=eu", new string[0])]
    [Contract("Log entries have subjects (object or null); filters subject.org=")]
    public async Task Latest_WithSubjects_GivesThoseThatHaveAll(string query, string[] expected)
    {
        await Client.HasPolicyAsync("r", 5);
        await CheckAsync("alice", "null", cost: 6);
        await CheckAsync("bob", """{"org":"acme","model":"gpt"}""", cost: 2);
        await CheckAsync("carol", """{"org":"acme"}""", cost: 7);
        (
            await Client.PostAsync(
                "/usage/refund",
                """{"user_id":"carol","route_key":"r","subjects":{"org":"acme"},"cost":2}"""
            )
        ).MustBeOk();
        var told = new Dictionary<string, (string Subjects, int Granted)>
        {
            ["decision alice"] = ("null", 5),
            ["decision bob"] = ("""{"model":"gpt","org":"acme"}""", 2),
            ["decision carol"] = ("""{"org":"acme"}""", 5),
            ["refund carol"] = ("""{"org":"acme"}""", 2),
        };

        var entries = await Client.LogsAsync($"?kind=all{query}");

        Assert.That(entries.Select(Name), Is.EqualTo(expected));
        foreach (var entry in entries)
        {
            Assert.That(
                (
                    entry.GetProperty("subjects").GetRawText(),
                    entry.GetProperty("granted").GetInt32()
                ),
                Is.EqualTo(told[Name(entry)])
            );
        }

        static string Name(JsonElement entry) =>
            $"{entry.GetProperty("kind").GetString()} {User(entry)}";

        async Task CheckAsync(string user, string subjects, int cost) =>
            (
                await Client.PostAsync(
                    "/check",
                    $$"""{"user_id":"{{user}}","route_key":"r","subjects":{{subjects}},"cost":{{cost}},"min_cost":1}"""
                )
            ).MustBeOk();
    }

    [Test]
    [Contract("GET /logs/latest: the reason, as in the response to the check")]
    public async Task Latest_DenialAndInactivePolicy_GiveTheReason()
    {
        await Client.HasPolicyAsync("full", 1);
        await Client.CheckAsync("u", "full");
        await Client.CheckAsync("u", "full");
        await Client.HasPolicyAsync("off", 1, isActive: false);
        await Client.CheckAsync("u", "off");

        Assert.That(
            (await Client.LogsAsync()).Select(entry => entry.GetProperty("reason").GetString()),
            Is.EqualTo(["Rate limiting disabled for this policy", "Rate limit exceeded", null])
        );
    }

    [Test]
    [Contract("newest first; readable on the same instance right after the check")]
    public async Task Latest_AfterEveryCheck_ShowsItFirst()
    {
        await Client.HasPolicyAsync("r", 100);

        for (var i = 0; i < 10; i++)
        {
            await Client.CheckAsync($"u{i}", "r");
            Assert.That(
                (await Client.LogsAsync()).Select(User),
                Is.EqualTo(Enumerable.Range(0, i + 1).Reverse().Select(user => $"u{user}"))
            );
        }
    }

    [Test]
    [Contract("limit 1–1000, 50 when omitted; at most the last 1000 per client are kept")]
    public async Task Latest_MoreThan1000Checks_KeepsTheLast1000()
    {
        await Client.HasPolicyAsync("r", 10_000);
        await Client.HasPolicyAsync("old", 10_000);
        await ManyAsync(60, user => Client.CheckAsync($"old{user}", "old"));
        await ManyAsync(1000, user => Client.CheckAsync($"u{user}", "r"));

        var all = await Client.LogsAsync("?limit=1000");

        Assert.That(
            all.Select(User),
            Is.EquivalentTo(Enumerable.Range(0, 1000).Select(user => $"u{user}"))
        );
        Assert.That(
            all.Select(entry => entry.GetProperty("timestamp_ms").GetInt64())
                .Chunk(100)
                .Select(chunk => chunk.Max()),
            Is.Ordered.Descending
        );
        Assert.That(await Client.LogsAsync("?limit=1000&route_key=old"), Is.Empty);
        Assert.That(await Client.LogsAsync("?limit=1"), Has.Count.EqualTo(1));
        Assert.That(await Client.LogsAsync(""), Has.Count.EqualTo(50));
        Assert.That(
            (await Client.LogsAsync("")).Select(User),
            Is.EqualTo(all.Take(50).Select(User))
        );
        Assert.That(
            await Client.LogsAsync($"?limit=1&user_id={User(all[^1])}"),
            Has.Count.EqualTo(1)
        );
    }

    [TestCase("?limit=0", "limit")]
    [TestCase("?limit=1001", "limit")]
    [TestCase("?limit=-1", "limit")]
    [TestCase("?limit=1.5", "limit")]
    [TestCase("?limit=x", "limit")]
    [TestCase("?limit=", "limit")]
    [TestCase("?limit=99999999999999999999", "limit")]
    [TestCase("?limit=1&limit=2", "limit")]
    [TestCase("?limti=5", "limti")]
    [TestCase("?allowed=yes", "allowed")]
    [TestCase("?kind=changes", "kind")]
    [TestCase("?kind=All", "kind")]
    [TestCase("?kind=", "kind")]
    [TestCase("?kind=1", "kind")]
    [TestCase("?kind=all&kind=all", "kind")]
    [TestCase("?user_id=", "user_id")]
    [TestCase("?route_key=", "route_key")]
    [TestCase("?subject.org=", "subject.org")]
    [TestCase("?subject.org=a%00", "subject.org")]
    [TestCase("?subject.Org=acme", "subject.Org")]
    [TestCase("?subject.user_id=u", "subject.user_id")]
    [TestCase("?subject.=acme", "subject.")]
    [TestCase("?subject.org=acme&subject.org=acme", "subject.org")]
    [TestCase("?subjects=acme", "subjects")]
    [Contract("limit 1–1000; filters ?user_id=&route_key=&allowed=")]
    public async Task Latest_WrongQuery_IsRefused(string query, string field)
    {
        (await Client.GetAsync($"/logs/latest{query}")).MustRefuse(field);
    }

    [TestCase("?user_id=u", new[] { "u s True", "u r False", "u r True" })]
    [TestCase("?user_id=U", new string[0])]
    [TestCase("?route_key=r", new[] { "v r True", "u r False", "u r True" })]
    [TestCase("?allowed=false", new[] { "u r False" })]
    [TestCase("?allowed=true&limit=2", new[] { "u s True", "v r True" })]
    [TestCase("?user_id=u&route_key=r&allowed=true", new[] { "u r True" })]
    [Contract("filters ?user_id=&route_key=&allowed=")]
    public async Task Latest_WithFilter_GivesThoseThatFit(string query, string[] expected)
    {
        await Client.HasPolicyAsync("r", 1);
        await Client.HasPolicyAsync("s", 1);
        await Client.CheckAsync("u", "r");
        await Client.CheckAsync("u", "r");
        await Client.CheckAsync("v", "r");
        await Client.CheckAsync("u", "s");

        Assert.That(
            (await Client.LogsAsync(query)).Select(entry =>
                $"{User(entry)} {entry.GetProperty("route")} {entry.GetProperty("allowed").GetBoolean()}"
            ),
            Is.EqualTo(expected)
        );
    }

    [TestCase(
        "?kind=all",
        new[] { "reset u 0 3", "refund u 2 2", "decision v 1 2", "decision u 3 0" }
    )]
    [TestCase("?kind=all&limit=2", new[] { "reset u 0 3", "refund u 2 2" })]
    [TestCase("?kind=all&user_id=v", new[] { "decision v 1 2" })]
    [TestCase("?kind=all&route_key=s", new string[0])]
    [TestCase("?kind=all&allowed=true", new[] { "decision v 1 2", "decision u 3 0" })]
    [TestCase("?kind=decisions", new[] { "decision v 1 2", "decision u 3 0" })]
    [TestCase("", new[] { "decision v 1 2", "decision u 3 0" })]
    [Contract("The log also keeps changes of counters, told only with ?kind=all")]
    public async Task Latest_CountersWereChanged_TellsOfItOnlyWithKindAll(
        string query,
        string[] expected
    )
    {
        await Client.HasPolicyAsync("r", 3);
        await Client.CheckAsync("u", "r", cost: 3);
        await Client.CheckAsync("v", "r");
        (
            await Client.PostAsync("/usage/refund", """{"user_id":"u","route_key":"r","cost":2}""")
        ).MustBeOk();
        (await Client.SendAsync(HttpMethod.Delete, "/usage?user_id=u&route_key=r")).MustBeStatus(
            204
        );

        Assert.That(
            (await Client.LogsAsync(query)).Select(entry =>
                $"{entry.GetProperty("kind").GetString()} {User(entry)} {entry.GetProperty("cost")} {entry.GetProperty("remaining")}"
            ),
            Is.EqualTo(expected)
        );
        var summary = (await Client.GetAsync("/analytics/summary")).MustBeOk();
        Assert.That(summary["checks"].GetInt32(), Is.EqualTo(2));
    }

    [Test]
    [Contract("One entry for each decision, and for nothing else")]
    public async Task Latest_ChecksWithoutDecision_AreNotThere()
    {
        await Client.HasPolicyAsync("off", 1, isActive: false);
        await Client.CheckAsync("u", "no such route");
        await Client.CheckAsync("", "r");
        // Nothing is given back where nothing is counted.
        (
            await Client.PostAsync("/usage/refund", """{"user_id":"u","route_key":"off"}""")
        ).MustBeOk();

        Assert.That(await Client.LogsAsync("?kind=all"), Is.Empty);
    }

    [Test]
    [Contract("Tenants are isolated")]
    public async Task Latest_ChecksOfAnotherTenant_AreNotThere()
    {
        var other = await TestClient.RegisterAsync(Service);
        await other.HasPolicyAsync("r", 1);
        await other.CheckAsync("u", "r");

        Assert.That(await Client.LogsAsync(), Is.Empty);
    }

    private static string? User(JsonElement entry) => entry.GetProperty("user_id").GetString();

    private static Task ManyAsync(int count, Func<int, Task<Answer>> check) =>
        Parallel.ForEachAsync(
            Enumerable.Range(0, count),
            new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => (await check(i)).MustBeOk()
        );
}
