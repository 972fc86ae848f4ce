using System.Globalization;
using System.Text.Json;

namespace RateLimiter.ApiTests.Audit;

/// <summary>GET /audit and /audit/export.</summary>
public sealed class AuditTests : ServiceFixture
{
    [Test]
    [Contract("GET /audit: who changed what, newest first, with what was before and after")]
    public async Task Audit_AfterChanges_TellsEachOfThem()
    {
        var saved = (await Client.SavePolicyAsync("search", 1)).MustBeOk()["policy"];
        var made = (await Client.PostAsync("/keys", """{"name":"x"}""")).MustBeOk();
        (await Client.DeletePolicyAsync("search")).MustBeOk();
        (
            await Client.PostAsync("/policy/rollback", """{"route_key":"search","version":1}""")
        ).MustBeOk();
        (
            await Client.SendAsync(HttpMethod.Delete, $"/keys/{made["key_id"].GetString()}")
        ).MustBeStatus(204);

        var page = (await Client.GetAsync("/audit")).MustBeOk();

        var entries = page["entries"].EnumerateArray().ToList();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                entries.Select(entry => entry.GetProperty("action").GetString()),
                Is.EqualTo([
                    "key.deleted",
                    "policy.rolled_back",
                    "policy.deleted",
                    "key.created",
                    "policy.created",
                    "client.registered",
                ])
            );
            Assert.That(page["next_cursor"].ValueKind, Is.EqualTo(JsonValueKind.Null));
            Assert.That(
                entries.Select(entry => entry.GetProperty("id").GetInt64()),
                Is.Unique.And.Ordered.Descending
            );
            Assert.That(
                entries.Select(entry => entry.GetProperty("address").GetString()),
                Is.All.EqualTo("127.0.0.1")
            );
            Assert.That(
                entries.Select(entry => entry.GetProperty("request_id").GetString()),
                Is.Unique.And.All.Match("^[0-9a-f]{32}$")
            );
            Assert.That(Same(entries[4].GetProperty("after"), saved));
            Assert.That(Same(entries[2].GetProperty("before"), saved));
            Assert.That(
                entries[3].GetProperty("after").GetProperty("key_id").GetString(),
                Is.EqualTo(made["key_id"].GetString())
            );
            Assert.That(
                entries[5].GetProperty("after").GetRawText(),
                Is.EqualTo("""{"name":"A test"}""")
            );
            Assert.That(entries[5].GetProperty("key_id").ValueKind, Is.EqualTo(JsonValueKind.Null));
        }
    }

    [Test]
    [Contract(
        "GET /audit: {entries:[{id,at,action,key_id,address,request_id,before,after}],next_cursor}"
    )]
    public async Task Audit_PolicyReplaced_IsAWholeEntry()
    {
        var before = (await Client.SavePolicyAsync("search", 1)).MustBeOk()["policy"];
        var after = (await Client.SavePolicyAsync("search", 2)).MustBeOk()["policy"];

        var page = (await Client.GetAsync("/audit?limit=1")).MustBeOk();

        var entry = page["entries"][0];
        page.MustBe(
            $$"""
            {"entries":[{"id":{{Raw("id")}},"at":{{Raw("at")}},"action":"policy.updated",
              "key_id":{{after.GetProperty("updated_by").GetRawText()}},"address":"127.0.0.1",
              "request_id":{{Raw("request_id")}},
              "before":{{before.GetRawText()}},"after":{{after.GetRawText()}}}],
             "next_cursor":{{page["next_cursor"].GetRawText()}}}
            """
        );
        Assert.That(page["next_cursor"].GetString(), Is.Not.Empty);

        string Raw(string member) => entry.GetProperty(member).GetRawText();
    }

    [Test]
    [Contract("GET /audit: a key as the API shows it")]
    public async Task Audit_KeyCreated_IsShownAsInTheListOfKeys()
    {
        var made = (
            await Client.PostAsync(
                "/keys",
                """{"name":"x","scopes":["check","audit:read"],"expires_in_seconds":86400}"""
            )
        ).MustBeOk();
        var listed = (await Client.GetAsync("/keys"))
            .MustBeOk()
            .Body.EnumerateArray()
            .Single(key => Same(key.GetProperty("key_id"), made["key_id"]));

        var page = (await Client.GetAsync("/audit?action=key.created")).MustBeOk();

        Assert.That(Same(page["entries"][0].GetProperty("after"), listed), page.Text);
    }

    [Test]
    [Contract("GET /audit: a key as the API shows it, and never its hash")]
    public async Task Audit_Keys_HoldNoSecret()
    {
        var made = (await Client.PostAsync("/keys", """{"name":"x"}""")).MustBeOk();
        var rotated = (await Client.PostAsync("/keys/rotate", "{}")).MustBeOk();
        var client = Client.With(rotated["api_key"].GetString()!);

        var page = (await client.GetAsync("/audit")).MustBeOk();

        Assert.That(
            page["entries"][1].GetProperty("after").EnumerateObject().Select(member => member.Name),
            Is.EquivalentTo([
                "key_id",
                "prefix",
                "name",
                "scopes",
                "created_at",
                "expires_at",
                "last_used_at",
            ])
        );
        using (Assert.EnterMultipleScope())
        {
            Assert.That(page.Text, Does.Not.Contain(made["api_key"].GetString()!));
            Assert.That(page.Text, Does.Not.Match("[0-9A-Fa-f]{64}"));
        }
    }

    [Test]
    [Contract("GET /audit?limit=&cursor=: page by page, complete while more is written")]
    public async Task Audit_PageByPage_IsComplete()
    {
        for (var limit = 1; limit <= 6; limit++)
        {
            await Client.HasPolicyAsync("search", limit);
        }

        var limits = new List<string>();
        string? cursor = null;
        do
        {
            var query = cursor is null ? "" : $"&cursor={cursor}";
            var page = (
                await Client.GetAsync($"/audit?action=policy.updated&limit=2{query}")
            ).MustBeOk();
            limits.AddRange(page["entries"].EnumerateArray().Select(LimitOf));
            cursor = page["next_cursor"].GetString();
            await Client.HasPolicyAsync("search", 100);
        } while (cursor is not null);

        Assert.That(limits, Is.EqualTo(["6", "5", "4", "3", "2"]));
    }

    [Test]
    [Contract("GET /audit?from=&to=: from included, to not")]
    public async Task Audit_Times_AreThoseBetween()
    {
        for (var limit = 1; limit <= 3; limit++)
        {
            await Client.HasPolicyAsync("search", limit);
        }

        var all = (await Client.GetAsync("/audit")).MustBeOk()["entries"];
        var (second, third) = (
            all[1].GetProperty("at").GetString(),
            all[0].GetProperty("at").GetString()
        );
        var offset = DateTimeOffset
            .Parse(second!, CultureInfo.InvariantCulture)
            .ToOffset(TimeSpan.FromHours(1))
            .ToString("O", CultureInfo.InvariantCulture);

        var one = (await Client.GetAsync($"/audit?from={second}&to={third}")).MustBeOk();
        var two = (await Client.GetAsync($"/audit?from={Uri.EscapeDataString(offset)}")).MustBeOk();

        Assert.That(one["entries"].EnumerateArray().Select(LimitOf), Is.EqualTo(["2"]));
        Assert.That(two["entries"].EnumerateArray().Select(LimitOf), Is.EqualTo(["3", "2"]));
    }

    [TestCase("?from=2026-02-03", "from")]
    [TestCase("?from=2026-02-03T04:05:06", "from")]
    [TestCase("?to=2026-02-03T04:05:06+01:00", "to")]
    [TestCase("?to=", "to")]
    [TestCase("?action=policy.made", "action")]
    [TestCase("?action=", "action")]
    [TestCase("?limit=0", "limit")]
    [TestCase("?limit=1001", "limit")]
    [TestCase("?cursor=anything", "cursor")]
    [TestCase("?cursor=", "cursor")]
    [TestCase("?cursor=AAAAAAAAAAA", "cursor")]
    [TestCase("?before=1", "before")]
    [Contract("GET /audit: 400 names the parameter")]
    public async Task Audit_WrongQuery_IsRefused(string query, string field)
    {
        (await Client.GetAsync($"/audit{query}")).MustRefuse(field);
    }

    [TestCase("?from=now", "from")]
    [TestCase("?action=x", "action")]
    [TestCase("?limit=1", "limit")]
    public async Task Export_WrongQuery_IsRefused(string query, string field)
    {
        (await Client.GetAsync($"/audit/export{query}")).MustRefuse(field);
    }

    [Test]
    [Contract("GET /audit/export: the same entries, one per line")]
    public async Task Export_MoreThanAPage_IsTheWholeTrail()
    {
        var policies = Enumerable
            .Range(0, 2500)
            .Select(i => $$"""{"route_key":"r{{i}}","limit":1,"window_seconds":60}""");
        (
            await Client.SendAsync(
                HttpMethod.Put,
                "/policy/import",
                $$"""{"policies":[{{string.Join(',', policies)}}]}"""
            )
        ).MustBeOk();

        var export = (await Client.GetAsync("/audit/export")).MustBeOk();
        var created = (await Client.GetAsync("/audit/export?action=client.registered")).MustBeOk();

        Assert.That(export.ContentType, Is.EqualTo("application/x-ndjson"));
        Assert.That(export.Text, Does.EndWith("\n"));
        var lines = export.Text.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.That(lines, Has.Length.EqualTo(2501));
        Assert.That(
            lines.Select(line => JsonElement.Parse(line).GetProperty("id").GetInt64()),
            Is.Unique.And.Ordered.Descending
        );
        Assert.That(created.Text, Is.EqualTo($"{lines[^1]}\n"));
        Assert.That(
            JsonElement.DeepEquals(
                JsonElement.Parse(lines[0]),
                (await Client.GetAsync("/audit?limit=1"))["entries"][0]
            )
        );
    }

    [Test]
    [Contract("GET /audit: only of the own client")]
    public async Task Audit_OfOthers_IsNotSeen()
    {
        var other = await TestClient.RegisterAsync(Service);
        await other.HasPolicyAsync("theirs", 1);

        Assert.That((await Client.GetAsync("/audit")).MustBeOk().Text, Does.Not.Contain("theirs"));
    }

    [Test]
    [Contract("A refused change leaves no entry")]
    public async Task Audit_RefusedChanges_AreNotInIt()
    {
        await Client.HasPolicyAsync("search", 1);
        var body = """{"route_key":"search","limit":2,"window_seconds":60}""";
        (
            await Client.SendAsync(HttpMethod.Post, "/policy", body, ("If-Match", "\"7\""))
        ).MustBeProblem(412);
        (
            await Client.SendAsync(
                HttpMethod.Put,
                "/policy/import?dry_run=true",
                """{"policies":[]}"""
            )
        ).MustBeOk();

        Assert.That(
            (await Client.GetAsync("/audit")).MustBeOk()["entries"].GetArrayLength(),
            Is.EqualTo(2)
        );
    }

    private static string LimitOf(JsonElement entry) =>
        $"{entry.GetProperty("after").GetProperty("limit")}";

    private static bool Same(JsonElement one, JsonElement other) =>
        JsonElement.DeepEquals(one, other);
}
