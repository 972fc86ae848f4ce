namespace RateLimiter.ApiTests.Gateway;

/// <summary>Subjects in the headers of a gateway.</summary>
public sealed class GatewaySubjectTests : ServiceFixture
{
    private static readonly (string Name, string Value) Acme = (
        "X-RateLimit-Subject-Org-Id",
        "acme"
    );

    [Test]
    [Contract("X-RateLimit-Subject-Org: acme (- is _)")]
    public async Task GatewayCheck_SubjectHeader_CountsForIt()
    {
        await SaveAsync(""" "per":["org_id"] """);

        var one = await AskAsync("alice", Acme);
        var other = await AskAsync("bob", ("x-ratelimit-SUBJECT-org-id", "acme"));
        var denied = await AskAsync("carol", Acme);
        var elsewhere = await AskAsync("carol", (Acme.Name, "umbrella"));

        Assert.That(
            new[] { one, other, denied, elsewhere }.Select(answer => answer.Status),
            Is.EqualTo(new[] { 204, 204, 429, 204 })
        );
    }

    [Test]
    [Contract("- is _, wherever it is in the name")]
    public async Task GatewayCheck_NameWithManyUnderscores_CountsForIt()
    {
        await SaveAsync(""" "per":["a__b_"] """);

        var named = await AskAsync("alice", ("X-RateLimit-Subject-A--B-", "x"));
        var missing = await AskAsync("alice");

        Assert.That(named.Status, Is.EqualTo(204));
        missing.MustRefuse("X-RateLimit-Subject-A--B-");
    }

    [Test]
    [Contract("Only subjects that the policy's limits name are read, others ignored")]
    public async Task GatewayCheck_ForgedSubjects_AreIgnored()
    {
        await SaveAsync(""" "per":["user_id"] """);
        (string, string)[] forged =
        [
            ("X-RateLimit-Subject-User-Id", "mallory"),
            ("X-RateLimit-Subject-User_id", "mallory"),
            ("X-RateLimit-Subject-Org", "x".Times(300)),
            ("X-RateLimit-Subject-", "x"),
        ];

        var first = await AskAsync("alice", forged);
        var second = await AskAsync("alice");
        var third = await AskAsync("alice", forged);

        Assert.That(
            new[] { first, second, third }.Select(answer => answer.Status),
            Is.EqualTo(new[] { 204, 204, 429 })
        );
    }

    [TestCase("reject", 400)]
    [TestCase("skip", 204)]
    [Contract("Empty is missing")]
    public async Task GatewayCheck_SubjectMissingOrEmpty_IsAsTheLimitSays(
        string whenMissing,
        int status
    )
    {
        await SaveAsync($$""" "per":["org_id"],"when_missing":"{{whenMissing}}" """);

        var missing = await AskAsync("alice");
        var empty = await AskAsync("alice", (Acme.Name, ""));

        Assert.That(
            new[] { missing, empty }.Select(answer => answer.Status),
            Is.All.EqualTo(status)
        );
        if (status == 400)
        {
            missing.MustRefuse("X-RateLimit-Subject-Org-Id");
            empty.MustRefuse("X-RateLimit-Subject-Org-Id");
        }
    }

    [Test]
    public async Task GatewayCheck_SubjectTooLong_IsRefused()
    {
        await SaveAsync(""" "per":["org_id"] """);

        (await AskAsync("alice", (Acme.Name, "x".Times(257)))).MustRefuse(Acme.Name);
    }

    [Test]
    [Contract("Of two values one may be the end user's: refused")]
    public async Task GatewayCheck_SubjectGivenTwice_IsRefused()
    {
        await SaveAsync(""" "per":["org_id"] """);
        using var connection = await RawConnection.OpenAsync(Service);

        await connection.SendAsync(
            "GET /gateway/check HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                + $"X-API-Key: {Client.Key}\r\nX-RateLimit-User: u\r\nX-RateLimit-Route: r\r\n"
                + $"{Acme.Name}: acme\r\n{Acme.Name}: umbrella\r\n\r\n"
        );

        Assert.That(
            await connection.ReadToEndAsync(),
            Does.StartWith("HTTP/1.1 400 ").And.Contain($"\"{Acme.Name}\"")
        );
    }

    private async Task SaveAsync(string fields) =>
        (
            await Client.PostAsync(
                "/policy",
                $$"""{"route_key":"r","limit":2,"window_seconds":3600,{{fields}}}"""
            )
        ).MustBeOk();

    private Task<Answer> AskAsync(string user, params (string, string)[] headers) =>
        Client.SendAsync(
            HttpMethod.Get,
            "/gateway/check",
            null as string,
            [("X-RateLimit-User", user), ("X-RateLimit-Route", "r"), .. headers]
        );
}
