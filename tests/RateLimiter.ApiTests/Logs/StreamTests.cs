using System.Text.Json;

namespace RateLimiter.ApiTests.Logs;

/// <summary>GET /logs/stream. Decisions of other instances are covered by the tests of two instances.</summary>
public sealed class StreamTests : ServiceFixture
{
    private const string Path = "/logs/stream";

    [Test]
    [Contract("GET /logs/stream: server-sent events, one per decision, with an id")]
    public async Task Stream_OneCheck_GivesTheEntryOfTheLog()
    {
        await Client.HasPolicyAsync("search", 10);
        await Client.CheckAsync("before", "search");
        await using var stream = await Client.StreamAsync(Path);

        await Client.CheckAsync("alice", "search", "free", cost: 3);

        var it = await stream.NextAsync();
        Assert.That(it.Name, Is.EqualTo("decision"));
        Assert.That(it.Id, Is.Positive);
        var entry = (await Client.LogsAsync("?limit=1")).Single();
        Assert.That(JsonElement.DeepEquals(it.Data, entry), $"{it.Data} instead of {entry}");
    }

    [Test]
    [Contract("GET /logs/stream: no proxy buffers it")]
    public async Task Stream_Headers_SayThatNothingIsKept()
    {
        await using var stream = await Client.StreamAsync(Path);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(stream.Headers["Content-Type"], Is.EqualTo("text/event-stream"));
            Assert.That(stream.Headers["Cache-Control"], Is.EqualTo("no-store, no-transform"));
            Assert.That(stream.Headers["X-Accel-Buffering"], Is.EqualTo("no"));
        }
    }

    [TestCase("?user_id=u", new[] { "u r True", "u r False", "u s True" })]
    [TestCase("?user_id=U&allowed=true", new string[0])]
    [TestCase("?route_key=r", new[] { "u r True", "u r False", "v r True" })]
    [TestCase("?allowed=false", new[] { "u r False" })]
    [TestCase("?user_id=u&route_key=r&allowed=true", new[] { "u r True" })]
    [Contract("GET /logs/stream: filters ?user_id=&route_key=&allowed=")]
    public async Task Stream_WithFilter_GivesThoseThatFit(string query, string[] expected)
    {
        await Client.HasPolicyAsync("r", 1);
        await Client.HasPolicyAsync("s", 1);
        await using var stream = await Client.StreamAsync(Path + query);
        await using var all = await Client.StreamAsync(Path);

        await Client.CheckAsync("u", "r");
        await Client.CheckAsync("u", "r");
        await Client.CheckAsync("v", "r");
        await Client.CheckAsync("u", "s");

        var events = await stream.NextAsync(expected.Length);
        Assert.That(events.Select(Describe), Is.EqualTo(expected));
        var known = (await all.NextAsync(4)).ToDictionary(it => it.Id, Describe);
        Assert.That(events.Select(it => known[it.Id]), Is.EqualTo(expected));
    }

    [Test]
    [Contract("Events have subjects (object or null); filters subject.org=")]
    public async Task Stream_WithSubjects_GivesThoseThatHaveAll()
    {
        await Client.HasPolicyAsync("r", 10);
        await using var stream = await Client.StreamAsync(
            $"{Path}?kind=all&subject.org=acme&subject.model=gpt"
        );

        await PostAsync("/check", "none", "null");
        await PostAsync("/check", "one", """{"org":"acme"}""");
        await PostAsync("/check", "both", """{"org":"acme","model":"gpt"}""");
        await PostAsync("/usage/refund", "both", """{"org":"acme","model":"gpt"}""");

        // The two logs are read one after the other.
        var events = await stream.NextAsync(2);
        Assert.That(
            events.Select(it => $"{it.Name} {it.User} {it.Data.GetProperty("subjects")}"),
            Is.EquivalentTo([
                """decision both {"model":"gpt","org":"acme"}""",
                """change both {"model":"gpt","org":"acme"}""",
            ])
        );

        async Task PostAsync(string path, string user, string subjects) =>
            (
                await Client.PostAsync(
                    path,
                    $$"""{"user_id":"{{user}}","route_key":"r","subjects":{{subjects}}}"""
                )
            ).MustBeOk();
    }

    [Test]
    [Contract("GET /logs/stream: Last-Event-ID resumes without gap or repeat")]
    public async Task Stream_ResumedWhileOthersCheck_HasNoGapAndNoRepeat() =>
        await TwoInstances.MustResumeAsync([Client]);

    [Test]
    [Contract("GET /logs/stream: Last-Event-ID 0 returns all that is kept, and reports the gap")]
    public async Task Stream_FromTheBeginning_SaysHowManyAreNotKept()
    {
        await Client.HasPolicyAsync("r", 100_000);
        var checks = Enumerable.Range(0, 1000).Select(i => new { user_id = "u", route_key = "r" });
        var batch = JsonSerializer.Serialize(new { checks });
        for (var i = 0; i < 3; i++)
        {
            (await Client.PostAsync("/check/batch", batch)).MustBeOk();
        }

        await using var stream = await Client.StreamAsync(Path, ("Last-Event-ID", "0"));

        var gap = await stream.NextAsync();
        Assert.That(gap.Name, Is.EqualTo("gap"));
        var leftOut = gap.Data.GetProperty("left_out").GetInt32();
        Assert.That(leftOut, Is.InRange(1900, 2000));
        var kept = await stream.NextAsync(3000 - leftOut);
        Assert.That(kept.Select(it => it.Name), Is.All.EqualTo("decision"));
        Assert.That(
            kept.Select(it => it.Id - gap.Id),
            Is.EqualTo(Enumerable.Range(1, kept.Count).Select(i => (long)i))
        );
    }

    [Test]
    [Contract("GET /logs/stream: an unknown id resumes from now, and reports the gap")]
    public async Task Stream_IdBeyondTheLog_SaysThatNobodyKnows()
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.CheckAsync("u", "r");

        await using var stream = await Client.StreamAsync(
            Path,
            ("Last-Event-ID", "9007199254740992")
        );

        var gap = await stream.NextAsync();
        Assert.That(
            (gap.Name, gap.Data.GetRawText()),
            Is.EqualTo(("gap", """{"left_out":null}"""))
        );
        await Client.CheckAsync("v", "r");
        Assert.That((await stream.NextAsync()).User, Is.EqualTo("v"));
    }

    [Test]
    [Contract("GET /logs/stream: changes of counters are told only with ?kind=all")]
    public async Task Stream_CountersAreChanged_TellsOfItOnlyWithKindAll()
    {
        await Client.HasPolicyAsync("r", 10);
        await using var decisions = await Client.StreamAsync(Path);
        await using var all = await Client.StreamAsync($"{Path}?kind=all");

        await Client.CheckAsync("u", "r", cost: 2);
        await RefundAsync("u");
        await Client.CheckAsync("v", "r");

        Assert.That(
            (await all.NextAsync(3)).Select(it => $"{it.Name} {it.User}"),
            Is.EquivalentTo(["decision u", "change u", "decision v"])
        );
        Assert.That(
            (await decisions.NextAsync(2)).Select(it => $"{it.Name} {it.User}"),
            Is.EqualTo(["decision u", "decision v"])
        );
    }

    [TestCase("?kind=all", new[] { "decision b", "decision c", "change b", "change c" })]
    [TestCase("", new[] { "decision b", "decision c" })]
    [Contract("GET /logs/stream: Last-Event-ID resumes without gap or repeat")]
    public async Task Stream_ResumedAfterAChange_HasNoGapAndNoRepeat(
        string query,
        string[] expected
    )
    {
        await Client.HasPolicyAsync("r", 10);
        string position;
        await using (var stream = await Client.StreamAsync($"{Path}?kind=all"))
        {
            await Client.CheckAsync("a", "r");
            await RefundAsync("a");
            position = (await stream.NextAsync(2))[^1].Position;
        }

        foreach (var user in new[] { "b", "c" })
        {
            await Client.CheckAsync(user, "r");
            await RefundAsync(user);
        }

        await using var resumed = await Client.StreamAsync(
            Path + query,
            ("Last-Event-ID", position)
        );

        Assert.That(
            (await resumed.NextAsync(expected.Length)).Select(it => $"{it.Name} {it.User}"),
            Is.EqualTo(expected)
        );
    }

    [Test]
    [Contract("GET /logs/stream: Last-Event-ID 0 returns all that is kept")]
    public async Task Stream_AllFromTheBeginning_GivesDecisionsAndChanges()
    {
        await Client.HasPolicyAsync("r", 10);
        await Client.CheckAsync("a", "r");
        await RefundAsync("a");

        await using var stream = await Client.StreamAsync(
            $"{Path}?kind=all",
            ("Last-Event-ID", "0")
        );

        var events = await stream.NextAsync(2);
        Assert.That(events.Select(it => it.Name), Is.EqualTo(["decision", "change"]));
        Assert.That(events[0].Position, Is.EqualTo($"{events[0].Id}-0"));
        Assert.That(events[1].Data.GetProperty("kind").GetString(), Is.EqualTo("refund"));
    }

    [TestCase("?limit=10", "limit")]
    [TestCase("?allowed=yes", "allowed")]
    [TestCase("?kind=changes", "kind")]
    [TestCase("?user_id=", "user_id")]
    [TestCase("?route_key=", "route_key")]
    [TestCase("?subject.org=", "subject.org")]
    [TestCase("?subject.Org=acme", "subject.Org")]
    [TestCase("?last_event_id=1", "last_event_id")]
    [Contract("GET /logs/stream: the same filters and errors as /logs/latest")]
    public async Task Stream_WrongQuery_IsRefused(string query, string field) =>
        (await Client.GetAsync(Path + query)).MustRefuse(field);

    [TestCase("x")]
    [TestCase("-1")]
    [TestCase("1.5")]
    [TestCase("99999999999999999999")]
    [TestCase("1-")]
    [TestCase("-")]
    [TestCase("1-2-3")]
    [TestCase("1-x")]
    [TestCase("1-99999999999999999999")]
    [Contract("GET /logs/stream: an invalid Last-Event-ID is a 400")]
    public async Task Stream_WrongId_IsRefused(string id) =>
        (
            await Client.SendAsync(HttpMethod.Get, Path, body: null, headers: ("Last-Event-ID", id))
        ).MustRefuse("Last-Event-ID");

    [Test]
    [Contract("GET /logs/stream: scope logs:read")]
    public async Task Stream_WithoutKeyOrScope_IsRefused()
    {
        var made = await Client.PostAsync("/keys", """{"name":"x","scopes":["check"]}""");

        (await Visitor.GetAsync(Path)).MustBeProblem(401);
        (await Client.With(made["api_key"].GetString()!).GetAsync(Path)).MustBeProblem(403);
    }

    [Test]
    [Contract("Tenants are fully apart")]
    public async Task Stream_ChecksOfAnotherTenant_AreNotThere()
    {
        var other = await TestClient.RegisterAsync(Service);
        await other.HasPolicyAsync("r", 10);
        await Client.HasPolicyAsync("r", 10);
        await using var stream = await Client.StreamAsync(Path);

        await other.CheckAsync("theirs", "r");
        await Client.CheckAsync("ours", "r");

        Assert.That((await stream.NextAsync()).User, Is.EqualTo("ours"));
    }

    [Test]
    [Contract("GET /logs/stream: ends when the key is not valid any more")]
    public async Task Stream_ClientDeleted_EndsWithinSeconds()
    {
        await using var stream = await Client.StreamAsync(Path);

        (await Client.DeleteAsync()).MustBeOk();

        await stream.MustEndAsync(within: TimeSpan.FromSeconds(10));
    }

    [Test]
    [Contract("GET /logs/stream: ends when the key is not valid any more")]
    public async Task Stream_KeyRevoked_GetsNothingOfWhatIsDecidedAfterwards()
    {
        await Client.HasPolicyAsync("r", 10);
        var made = (
            await Client.PostAsync("/keys", """{"name":"mine","scopes":["logs:read"]}""")
        ).Body;
        await using var stream = await Client
            .With(made.GetProperty("api_key").GetString()!)
            .StreamAsync(Path);
        await Client.CheckAsync("before", "r");
        Assert.That((await stream.NextAsync()).User, Is.EqualTo("before"));

        (
            await Client.SendAsync(
                HttpMethod.Delete,
                $"/keys/{made.GetProperty("key_id").GetString()}"
            )
        ).MustBeStatus(204);
        await Client.CheckAsync("after", "r");

        Assert.That(await stream.NextOrEndAsync(), Is.Null);
    }

    private async Task RefundAsync(string user) =>
        (
            await Client.PostAsync("/usage/refund", $$"""{"user_id":"{{user}}","route_key":"r"}""")
        ).MustBeOk();

    private static string Describe(StreamEvent it) =>
        $"{it.User} {it.Data.GetProperty("route")} {it.Data.GetProperty("allowed").GetBoolean()}";
}

/// <summary>GET /logs/stream of services with settings of their own.</summary>
[TestFixture]
public sealed class StreamLimitTests
{
    private const string Path = "/logs/stream";

    [Test]
    [Contract("GET /logs/stream: 429 beyond Streams:MaxPerClient and Streams:MaxPerInstance")]
    public async Task Stream_TooMany_AreRefusedUntilOneEnds()
    {
        await using var host = await StoreHost.StartAsync();
        var service = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.Open,
            ("Streams__MaxPerClient", "2"),
            ("Streams__MaxPerInstance", "3")
        );
        var client = await TestClient.RegisterAsync(service);
        var other = await TestClient.RegisterAsync(service);
        await using var first = await client.StreamAsync(Path);
        await using var second = await client.StreamAsync(Path);

        var third = await client.GetAsync(Path);
        await using var ofOther = await other.StreamAsync(Path);
        var fourth = await other.GetAsync(Path);

        foreach (var refused in new[] { third, fourth })
        {
            refused.MustBeProblem(429);
            Assert.That(refused.Headers["Retry-After"], Is.EqualTo("5"));
        }

        await first.DisposeAsync();
        await Poll.UntilAsync(
            "The slot of an ended stream is not free.",
            TimeSpan.FromSeconds(20),
            async () => (await client.GetAsync(Path)).Status == 200
        );
    }

    [Test]
    [Contract("GET /logs/stream: more than Streams:EventsPerSecond are dropped, and counted")]
    public async Task Stream_MoreThanAllowedPerSecond_SaysHowManyAreLeftOut()
    {
        await using var host = await StoreHost.StartAsync();
        var service = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.Open,
            ("Streams__EventsPerSecond", "10")
        );
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 100_000);
        await using var stream = await client.StreamAsync(Path);
        var checks = Enumerable.Range(0, 500).Select(i => new { user_id = "u", route_key = "r" });

        (
            await client.PostAsync("/check/batch", JsonSerializer.Serialize(new { checks }))
        ).MustBeOk();

        var (seen, leftOut) = (0, 0);
        while (seen + leftOut < 500)
        {
            var it = await stream.NextAsync();
            if (it.Name == "gap")
            {
                leftOut += it.Data.GetProperty("left_out").GetInt32();
            }
            else
            {
                seen++;
            }
        }

        Assert.That(seen + leftOut, Is.EqualTo(500));
        Assert.That(seen, Is.InRange(10, 100));
    }
}
