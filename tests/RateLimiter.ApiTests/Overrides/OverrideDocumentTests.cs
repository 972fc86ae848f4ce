namespace RateLimiter.ApiTests.Overrides;

/// <summary>Overrides in the export and import of policies.</summary>
public sealed class OverrideDocumentTests : ServiceFixture
{
    private const string Alice =
        """{"subject":"user_id","match":"alice","effect":"limits","limits":{"daily":5}}""";
    private const string Network =
        """{"subject":"user_id","match":"192.0.2.0/24","match_type":"network","effect":"blocked","expires_at":"2100-01-01T00:00:00Z"}""";

    [Test]
    [Contract("Export has them under overrides without ids")]
    public async Task Export_WithOverrides_HasThemWithoutIdsOldestFirst()
    {
        await CreateAsync(Alice);
        await CreateAsync(Network);

        var answer = (await Client.GetAsync("/policy/export")).MustBeOk();

        answer.MustBe(
            """
            {"policies":[],"overrides":[
             {"subject":"user_id","match":"alice","match_type":"exact","effect":"limits","limits":{"daily":5}},
             {"subject":"user_id","match":"192.0.2.0/24","match_type":"network","effect":"blocked","expires_at":"2100-01-01T00:00:00Z"}]}
            """
        );
    }

    [Test]
    public async Task Export_WithoutOverrides_DoesNotHaveTheMember() =>
        (await Client.GetAsync("/policy/export")).MustBe("""{"policies":[]}""");

    [TestCase("json")]
    [TestCase("yaml")]
    [Contract("what says the same keeps its id")]
    public async Task Import_OfTheExport_ChangesNothing(string format)
    {
        await CreateAsync(Alice);
        await CreateAsync(Alice);
        await CreateAsync(Network);
        var before = (await Client.GetAsync("/overrides")).Text;
        var document = (await Client.GetAsync($"/policy/export?format={format}")).MustBeOk();

        var answer = await ImportAsync(document.Text, "", $"application/{format}");

        Assert.That(CountsOf(answer), Is.EqualTo("0 0 0 3"));
        Assert.That((await Client.GetAsync("/overrides")).Text, Is.EqualTo(before));
    }

    [Test]
    [Contract(
        "import matches them by (subject, match, match_type, route_key, role, effect), once each"
    )]
    public async Task Import_OtherContent_KeepsTheIdAndDeletesOthers()
    {
        var id = await CreateAsync(Alice);
        await CreateAsync(Network);

        var answer = await ImportAsync(
            $$"""{"policies":[],"overrides":[{{Alice.Replace("5", "9")}},{"subject":"org","match":"a*","effect":"blocked"}]}"""
        );

        Assert.That(CountsOf(answer), Is.EqualTo("1 1 1 0"));
        Assert.That(
            answer["overrides"]
                .GetProperty("changes")
                .EnumerateArray()
                .Select(it => it.GetProperty("action").GetString()),
            Is.EqualTo(new[] { "updated", "created", "deleted" })
        );
        Assert.That(await MatchesAsync(), Is.EqualTo("a* alice"));
        var kept = (await Client.GetAsync("/overrides?match=alice")).MustBeOk().Body[0];
        Assert.That(
            (
                kept.GetProperty("override_id").GetString(),
                kept.GetProperty("limits").GetProperty("daily").GetInt64()
            ),
            Is.EqualTo((id, 9L))
        );
    }

    [Test]
    [Contract("keep_others holds")]
    public async Task Import_KeepOthers_DeletesNone()
    {
        await CreateAsync(Alice);

        var answer = await ImportAsync(
            $$"""{"policies":[],"overrides":[{{Network}}]}""",
            "?keep_others=true"
        );

        Assert.That(CountsOf(answer), Is.EqualTo("1 0 0 0"));
        Assert.That(await MatchesAsync(), Is.EqualTo("192.0.2.0/24 alice"));
    }

    [Test]
    [Contract("dry_run holds")]
    public async Task Import_DryRun_SaysWhatItWouldDoAndDoesNothing()
    {
        await CreateAsync(Alice);

        var answer = await ImportAsync(
            $$"""{"policies":[],"overrides":[{{Network}}]}""",
            "?dry_run=true"
        );

        Assert.That(CountsOf(answer), Is.EqualTo("1 0 1 0"));
        Assert.That(await MatchesAsync(), Is.EqualTo("alice"));
    }

    [Test]
    [Contract("a document without the member leaves them alone")]
    public async Task Import_WithoutTheMember_LeavesThem()
    {
        await CreateAsync(Alice);

        var answer = await ImportAsync("""{"policies":[]}""");

        Assert.That(answer["overrides"].ValueKind, Is.EqualTo(System.Text.Json.JsonValueKind.Null));
        Assert.That(await MatchesAsync(), Is.EqualTo("alice"));
    }

    [Test]
    public async Task Import_EmptyList_DeletesAll()
    {
        await CreateAsync(Alice);

        await ImportAsync("""{"policies":[],"overrides":[]}""");

        Assert.That(await MatchesAsync(), Is.Empty);
    }

    [TestCase("""[{"subject":"user_id","match":"a*b","effect":"blocked"}]""", "overrides[0].match")]
    [TestCase("""[{"subject":"user_id","match":"a"}]""", "overrides[0].effect")]
    [TestCase("[null]", "overrides[0]")]
    [TestCase(
        """[{"subject":"user_id","match":"a","effect":"limits","limits":{"x":-1}}]""",
        "overrides[0].limits.x"
    )]
    public async Task Import_FieldThatIsWrong_NamesIt(string overrides, string field)
    {
        var answer = await Client.SendAsync(
            HttpMethod.Put,
            "/policy/import",
            $$"""{"policies":[],"overrides":{{overrides}}}"""
        );

        answer.MustBeStatus(400);
        Assert.That(
            answer["errors"].EnumerateObject().Select(error => error.Name),
            Is.EqualTo(new[] { field })
        );
    }

    private static string CountsOf(Answer answer)
    {
        var counts = answer.MustBeOk()["overrides"];
        return string.Join(
            ' ',
            new[] { "created", "updated", "deleted", "unchanged" }.Select(name =>
                counts.GetProperty(name)
            )
        );
    }

    private async Task<string> CreateAsync(string body) =>
        (await Client.PostAsync("/overrides", body)).MustBeOk()["override_id"].GetString()!;

    private async Task<string> MatchesAsync() =>
        string.Join(
            ' ',
            (await Client.GetAsync("/overrides"))
                .MustBeOk()
                .Body.EnumerateArray()
                .Select(it => it.GetProperty("match").GetString())
        );

    private async Task<Answer> ImportAsync(
        string document,
        string query = "",
        string type = "application/json"
    ) =>
        (
            await Client.SendAsync(
                HttpMethod.Put,
                $"/policy/import{query}",
                new StringContent(document, System.Text.Encoding.UTF8, type)
            )
        ).MustBeOk();
}
