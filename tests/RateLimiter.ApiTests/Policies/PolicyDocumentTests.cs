using System.Diagnostics;
using System.Net.Http.Headers;
using System.Text;
using System.Text.Json;

namespace RateLimiter.ApiTests.Policies;

/// <summary>GET /policy/export and PUT /policy/import.</summary>
public sealed class PolicyDocumentTests : ServiceFixture
{
    private const int Many = 10_000;

    private const string Document = """
        {"policies":[{"route_key":"d","limit":1,"window_seconds":60},
         {"route_key":"a","limit":1,"window_seconds":60,"role":"default"},
         {"route_key":"b","limit":9,"window_seconds":60}]}
        """;

    private static readonly string[] OddTexts =
    [
        "a: b",
        "- a",
        "\"quoted\" 'and' \\",
        "yes",
        "No",
        "123",
        "1e3",
        "0x1F",
        "null",
        "~",
        "true",
        " leading",
        "trailing ",
        "#",
        "*",
        "&a",
        "!b",
        "{a}",
        "[a]",
        "---",
        "größe",
        "路线",
        "👩‍👩‍👧",
        "\u2028",
        "\ufeff",
    ];

    [TestCase("json")]
    [TestCase("yaml")]
    [Contract("export → import is a round trip without changes")]
    public async Task Export_OddPolicies_AreImportedAsTheyWere(string format)
    {
        foreach (var text in OddTexts)
        {
            (
                await Client.SavePolicyAsync(
                    text,
                    5,
                    role: text,
                    description: $"{text}\n\n  two\tlines: {text}\n"
                )
            ).MustBeOk();
        }

        (
            await Client.PostAsync(
                "/policy",
                """
                {"route_key":"several","is_active":false,"mode":"shadow","on_store_failure":"local","limits":[
                 {"limit":1,"window_seconds":60},{"limit":2,"window_seconds":60,"name":"y","algorithm":"token_bucket","burst":3}]}
                """
            )
        ).MustBeOk();
        var before = (await Client.GetAsync("/policy")).Text;
        var document = (await ExportAsync(format)).Text;

        var same = (await ImportAsync(document, format)).MustBeOk();
        var other = await TestClient.RegisterAsync(Service);
        var moved = (await ImportAsync(document, format, client: other)).MustBeOk();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Counts(same), Is.EqualTo((0, 0, 0, OddTexts.Length + 1)));
            Assert.That((await Client.GetAsync("/policy")).Text, Is.EqualTo(before));
            Assert.That(Counts(moved), Is.EqualTo((OddTexts.Length + 1, 0, 0, 0)));
            Assert.That((await ExportAsync(format, other)).Text, Is.EqualTo(document));
        }
    }

    [Test]
    [Contract("GET /policy/export: each policy as POST /policy accepts it")]
    public async Task Export_EachPolicy_IsWhatSavingTakes()
    {
        await Client.HasPolicyAsync("search", 100, 60, "free");
        (
            await Client.PostAsync(
                "/policy",
                """{"route_key":"mail","limits":[{"limit":1,"window_seconds":60}]}"""
            )
        ).MustBeOk();

        var export = await Client.GetAsync("/policy/export");

        export.MustBe(
            """
            {"policies":[
             {"route_key":"mail","role":"default","limits":[{"name":"60s","limit":1,"window_seconds":60,"algorithm":"fixed_window"}],
              "is_active":true,"mode":"enforce"},
             {"route_key":"search","role":"free","limit":100,"window_seconds":60,"algorithm":"fixed_window",
              "is_active":true,"mode":"enforce"}]}
            """
        );
        foreach (var policy in export["policies"].EnumerateArray())
        {
            (await Client.PostAsync("/policy", policy.GetRawText())).MustBeOk();
        }
    }

    [TestCase("", null, "application/json; charset=utf-8", "policies.json")]
    [TestCase(
        "?format=json",
        "application/yaml",
        "application/json; charset=utf-8",
        "policies.json"
    )]
    [TestCase("?format=yaml", null, "application/yaml", "policies.yaml")]
    [TestCase("", "application/yaml", "application/yaml", "policies.yaml")]
    [TestCase("", "text/html, */*", "application/json; charset=utf-8", "policies.json")]
    [Contract("GET /policy/export: JSON, or YAML by format or Accept")]
    public async Task Export_Format_IsWhatWasAskedFor(
        string query,
        string? accept,
        string contentType,
        string fileName
    )
    {
        var answer = await Client.SendAsync(
            HttpMethod.Get,
            $"/policy/export{query}",
            body: null,
            accept is null ? [] : [("Accept", accept)]
        );

        Assert.That(answer.MustBeOk().Headers["Content-Type"], Is.EqualTo(contentType));
        Assert.That(answer.Headers["Content-Disposition"], Does.Contain($"filename={fileName}"));
        Assert.That(answer.Headers["ETag"], Does.StartWith("\"set-"));
        Assert.That(answer.Headers["Vary"], Is.EqualTo("Accept"));
    }

    [Test]
    public async Task Export_UnknownFormat_IsRefused()
    {
        (await Client.GetAsync("/policy/export?format=xml")).MustRefuse("format");
    }

    [Test]
    [Contract("PUT /policy/import: those not in it are deleted")]
    public async Task Import_Document_MakesThePoliciesWhatItSays()
    {
        await HasThreeAsync();

        var answer = (await ImportAsync(Document)).MustBeOk();

        Assert.That(Counts(answer), Is.EqualTo((1, 1, 1, 1)));
        Assert.That(
            Changes(answer),
            Is.EqualTo(["updated b 1 2", "deleted c 1 -", "created d - 1"])
        );
        Assert.That(await NamesAsync(), Is.EqualTo(["a 1 v1", "b 9 v2", "d 1 v1"]));
    }

    [Test]
    [Contract(
        "PUT /policy/import: {dry_run,created,updated,deleted,unchanged,changes:[{action,route_key,role,reset_limits,before,after}]}"
    )]
    public async Task Import_PolicyOfARole_AnswersTheWholeChange()
    {
        var answer = await ImportAsync(
            """{"policies":[{"route_key":"search","role":"free","limit":1,"window_seconds":60}]}"""
        );

        var policy = (await Client.PoliciesAsync()).Single();
        answer.MustBe(
            $$"""
            {"dry_run":false,"created":1,"updated":0,"deleted":0,"unchanged":0,
             "changes":[{"action":"created","route_key":"search","role":"free","reset_limits":[],"before":null,
                         "after":{{policy.GetRawText()}}}],"overrides":null}
            """
        );
    }

    [Test]
    [Contract("PUT /policy/import?keep_others=true")]
    public async Task Import_KeepOthers_DeletesNone()
    {
        await HasThreeAsync();

        var answer = (await ImportAsync(Document, query: "?keep_others=true")).MustBeOk();

        Assert.That(Counts(answer), Is.EqualTo((1, 1, 0, 1)));
        Assert.That(await NamesAsync(), Is.EqualTo(["a 1 v1", "b 9 v2", "c 1 v1", "d 1 v1"]));
    }

    [Test]
    [Contract("PUT /policy/import?dry_run=true: returns what would change")]
    public async Task Import_DryRun_ChangesNothing()
    {
        await HasThreeAsync();
        var tag = (await Client.GetAsync("/policy")).Headers["ETag"];

        var answer = (await ImportAsync(Document, query: "?dry_run=true")).MustBeOk();

        using (Assert.EnterMultipleScope())
        {
            Assert.That(answer["dry_run"].GetBoolean(), Is.True);
            Assert.That(
                Changes(answer),
                Is.EqualTo(["updated b 1 2", "deleted c 1 -", "created d - 1"])
            );
            Assert.That(await NamesAsync(), Is.EqualTo(["a 1 v1", "b 1 v1", "c 1 v1"]));
            Assert.That((await Client.GetAsync("/policy")).Headers["ETag"], Is.EqualTo(tag));
        }
    }

    [Test]
    [Contract("PUT /policy/import: an unchanged policy keeps its counters")]
    public async Task Import_UnchangedPolicy_KeepsItsCounters()
    {
        await HasThreeAsync();
        (await Client.CheckAsync("u", "a")).MustBeOk();

        (await ImportAsync(Document)).MustBeOk();

        Assert.That(await Client.RemainingAsync("u", "a"), Is.Zero);
    }

    [Test]
    [Contract("PUT /policy/import: If-Match with the ETag of the set")]
    public async Task Import_IfMatch_IsMadeToThatVersionOnly()
    {
        await HasThreeAsync();
        var tag = (await Client.GetAsync("/policy/export")).Headers["ETag"];
        await Client.HasPolicyAsync("a", 2);

        (await ImportAsync(Document, headers: ("If-Match", tag))).MustBeProblem(412);
        (await ImportAsync(Document, headers: ("If-Match", "\"1\""))).MustBeProblem(412);
        (await ImportAsync(Document, headers: ("If-Match", $"W/{tag}"))).MustBeProblem(412);
        Assert.That(await NamesAsync(), Is.EqualTo(["a 2 v2", "b 1 v1", "c 1 v1"]));

        tag = (await Client.GetAsync("/policy/export")).Headers["ETag"];
        (await ImportAsync(Document, headers: ("If-Match", tag))).MustBeOk();
        (await ImportAsync(Document, headers: ("If-Match", "*"))).MustBeOk();
    }

    [TestCase("json", """{"policies":null}""", "policies")]
    [TestCase("json", "{}", "policies")]
    [TestCase("json", """{"policy":[]}""", "policy")]
    [TestCase("json", """{"policies":[],"policies":[]}""", "policies")]
    [TestCase("json", """{"policies":{}}""", "policies")]
    [TestCase("json", """{"policies":[null]}""", "policies[0]")]
    [TestCase("json", """{"policies":[1]}""", "policies[0]")]
    [TestCase("json", """{"policies":[{"route_key":"a","limit":"1"}]}""", "policies[0].limit")]
    [TestCase("json", "[]", "body")]
    [TestCase("json", "{", "body")]
    [TestCase("json", "", "body")]
    [TestCase("yaml", "", "body")]
    [TestCase("yaml", "policies: [", "body")]
    [TestCase("yaml", "policies: &a []", "body")]
    [TestCase("yaml", "policies: []\n---\npolicies: []", "body")]
    [TestCase("yaml", "policies: []\npolicies: []", "policies")]
    [TestCase("yaml", "policies:\n- route_key: yes\n  limit: yes\n", "policies[0].limit")]
    [TestCase("yaml", "policies:\n- route_key: 1\n", "policies[0].route_key")]
    [TestCase("yaml", "policies:\n- route_key: a\n  limit: 1.0\n", "policies[0].limit")]
    [TestCase("yaml", "policies:\n- route_key: a\n  limt: 1\n", "policies[0].limt")]
    [TestCase("yaml", "policies:\n- limit: 1\n  limit: 1\n", "policies[0].limit")]
    [Contract("PUT /policy/import: 400, and nothing changes")]
    public async Task Import_FaultyDocument_IsRefusedByField(
        string format,
        string document,
        string field
    )
    {
        await HasThreeAsync();

        (await ImportAsync(document, format)).MustRefuse(field);

        Assert.That(await NamesAsync(), Is.EqualTo(["a 1 v1", "b 1 v1", "c 1 v1"]));
    }

    [Test]
    [Contract("PUT /policy/import: errors: {policies[3].limit: [message]}, all at once")]
    public async Task Import_SeveralFaults_AreAllNamed()
    {
        await HasThreeAsync();

        (
            await ImportAsync(
                """
                policies:
                - {route_key: a, limit: 1, window_seconds: 60}
                - {route_key: b, limit: -1, window_seconds: 60}
                - {route_key: c, limits: [{limit: 1, window_seconds: 60}, {limit: 1}]}
                - {route_key: a, role: default, limit: 1, window_seconds: 60}
                """,
                "yaml"
            )
        ).MustRefuse("policies[1].limit", "policies[2].limits[1].window_seconds", "policies[3]");

        Assert.That(await NamesAsync(), Is.EqualTo(["a 1 v1", "b 1 v1", "c 1 v1"]));
    }

    [TestCase("application/yaml")]
    [TestCase("text/yaml")]
    [TestCase("application/x-yaml")]
    [TestCase("application/yaml; charset=utf-8")]
    public async Task Import_AnyNameOfYaml_IsRead(string contentType)
    {
        (await ImportAsync("policies: []", contentType)).MustBeOk();
    }

    [Test]
    [Contract("415 for what is neither JSON nor YAML; YAML is for the import alone")]
    public async Task Import_AnotherType_Is415()
    {
        (await ImportAsync("policies: []", "text/plain")).MustBeProblem(415);
        (
            await Client.SendAsync(
                HttpMethod.Post,
                "/policy",
                Content("route_key: a\nlimit: 1\nwindow_seconds: 1", "application/yaml")
            )
        ).MustBeProblem(415);
    }

    [Test]
    [Contract("PUT /policy/import: 409 when the client would exceed its quota")]
    public async Task Import_BeyondTheQuota_Is409AndChangesNothing()
    {
        await HasThreeAsync();

        (await ImportAsync(DocumentOf(Many + 1))).MustBeProblem(409);

        Assert.That(await NamesAsync(), Is.EqualTo(["a 1 v1", "b 1 v1", "c 1 v1"]));
    }

    [Test]
    [Contract("PUT /policy/import: up to 16 MiB")]
    public async Task Import_TooLargeABody_Is413()
    {
        const int max = 16 * 1024 * 1024;

        (await ImportAsync(Document.PadRight(max))).MustBeOk();
        // Or it would still be sending when it is rejected.
        (
            await ImportAsync(Document.PadRight(max + 1), headers: ("Expect", "100-continue"))
        ).MustBeProblem(413);
    }

    [Test]
    [Contract("10,000 policies are exported and imported")]
    public async Task Import_TenThousandPolicies_ArePossible()
    {
        const string format = "yaml";
        // A service of its own with longer timeouts: one call changes 10,000 policies, on a machine that may be busy.
        await using var host = await StoreHost.StartAsync();
        var client = await TestClient.RegisterAsync(
            await host.ServeAsync(("Store__TimeoutMs", "10000"), ("Postgres__TimeoutMs", "60000"))
        );
        var clock = Stopwatch.StartNew();
        var created = (await ImportAsync(DocumentOf(Many), client: client)).MustBeOk();
        var importing = clock.Elapsed;
        clock.Restart();
        var document = (await ExportAsync(format, client)).Text;
        var exporting = clock.Elapsed;
        clock.Restart();
        var same = (await ImportAsync(document, format, client: client)).MustBeOk();
        var comparing = clock.Elapsed;
        clock.Restart();
        var none = (await ImportAsync("""{"policies":[]}""", client: client)).MustBeOk();
        await TestContext.Out.WriteLineAsync(
            $"{Many} policies, {document.Length} characters of {format}: created in {importing.TotalMilliseconds:0} ms, "
                + $"exported in {exporting.TotalMilliseconds:0} ms, imported unchanged in {comparing.TotalMilliseconds:0} ms, "
                + $"deleted in {clock.Elapsed.TotalMilliseconds:0} ms"
        );

        using (Assert.EnterMultipleScope())
        {
            Assert.That(Counts(created), Is.EqualTo((Many, 0, 0, 0)));
            Assert.That(Counts(same), Is.EqualTo((0, 0, 0, Many)));
            Assert.That(Counts(none), Is.EqualTo((0, 0, Many, 0)));
        }
    }

    private static string DocumentOf(int count) =>
        JsonSerializer.Serialize(
            new
            {
                policies = Enumerable
                    .Range(0, count)
                    .Select(i => new
                    {
                        route_key = $"/api/v1/items/{i}",
                        limit = i,
                        window_seconds = 60,
                        description = $"Policy {i}",
                    }),
            }
        );

    private static ByteArrayContent Content(string text, string contentType) =>
        new(Encoding.UTF8.GetBytes(text))
        {
            Headers = { ContentType = MediaTypeHeaderValue.Parse(contentType) },
        };

    private static (int Created, int Updated, int Deleted, int Unchanged) Counts(Answer answer) =>
        (
            answer["created"].GetInt32(),
            answer["updated"].GetInt32(),
            answer["deleted"].GetInt32(),
            answer["unchanged"].GetInt32()
        );

    private static IEnumerable<string> Changes(Answer answer) =>
        answer["changes"]
            .EnumerateArray()
            .Select(change =>
                $"{change.GetProperty("action")} {change.GetProperty("route_key")} "
                + $"{Version(change.GetProperty("before"))} {Version(change.GetProperty("after"))}"
            );

    private static string Version(JsonElement policy) =>
        policy.ValueKind == JsonValueKind.Null ? "-" : $"{policy.GetProperty("version")}";

    private async Task HasThreeAsync()
    {
        foreach (var route in new[] { "a", "b", "c" })
        {
            await Client.HasPolicyAsync(route, 1, 60);
        }
    }

    private async Task<IEnumerable<string>> NamesAsync() =>
        (await Client.PoliciesAsync()).Select(policy =>
            $"{policy.GetProperty("route_key")} {policy.GetProperty("limit")} v{policy.GetProperty("version")}"
        );

    private async Task<Answer> ExportAsync(string format, TestClient? client = null) =>
        (await (client ?? Client).GetAsync($"/policy/export?format={format}")).MustBeOk();

    private Task<Answer> ImportAsync(
        string document,
        string format = "json",
        string query = "",
        TestClient? client = null,
        params (string Name, string Value)[] headers
    ) =>
        (client ?? Client).SendAsync(
            HttpMethod.Put,
            $"/policy/import{query}",
            Content(
                document,
                format.Contains('/', StringComparison.Ordinal) ? format : $"application/{format}"
            ),
            headers
        );
}
