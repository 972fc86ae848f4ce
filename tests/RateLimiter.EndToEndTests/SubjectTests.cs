namespace RateLimiter.EndToEndTests;

/// <summary>An organisation whose users are checked on two instances.</summary>
public abstract class SubjectTests
{
    private TestClient here = null!;
    private TestClient there = null!;

    /// <summary>Two instances on one store, or one and the same where only one can use the store.</summary>
    protected abstract Task<(Service Here, Service There)> ServeAsync();

    [SetUp]
    public async Task OpenAsync()
    {
        var (first, second) = await ServeAsync();
        here = await TestClient.RegisterAsync(first);
        there = here.On(second);
    }

    // In a window of a year no permit is replenished while the test runs. The other limit has the organisation in common with
    // this one, or nothing.
    [Test]
    public async Task Check_200OfManyUsersOnBothInstances_AllowsExactlyTheLimitOfTheOrganisation(
        [Values(
            """ "algorithm":"fixed_window" """,
            """ "algorithm":"sliding_window" """,
            """ "algorithm":"sliding_log" """,
            """ "algorithm":"token_bucket" """,
            """ "algorithm":"leaky_bucket","burst":10 """
        )]
            string algorithm,
        [Values("""["org","user_id"]""", """["user_id"]""")] string other
    )
    {
        const int users = 50;
        await SaveAsync(
            here,
            $$"""{"name":"org","limit":10,"window_seconds":31536000,"per":["org"],{{algorithm}}}""",
            $$"""{"name":"user","limit":100,"window_seconds":31536000,"per":{{other}}}"""
        );

        var answers = await Task.WhenAll(
            Enumerable
                .Range(0, 200)
                .Select(i => CheckAsync(i % 2 == 0 ? here : there, $"user-{i % users}"))
        );

        Assert.That(
            answers.Where(answer => answer.MustBeOk().Allowed).Select(answer => answer.Remaining),
            Is.EquivalentTo(Enumerable.Range(0, 10))
        );
        Assert.That(
            answers.Where(answer => !answer.Allowed).Select(answer => $"{answer["violated"]}"),
            Is.All.EqualTo("""["org"]""")
        );
        var usages = await Task.WhenAll(
            Enumerable.Range(0, users).Select(i => UsageAsync($"user-{i}"))
        );
        Assert.That(usages.Select(used => used.Organisation), Is.All.EqualTo(10));
        Assert.That(
            usages.Sum(used => used.User),
            Is.EqualTo(10),
            "No denial charged a user's counter."
        );
    }

    [Test]
    public async Task Check_DeniedUserKeepsAsking_DoesNotDrainTheOrganisation()
    {
        await SaveAsync(
            here,
            """{"name":"org","limit":5,"window_seconds":31536000,"per":["org"]}""",
            """{"name":"user","limit":2,"window_seconds":31536000}"""
        );

        var asked = await Task.WhenAll(
            Enumerable.Range(0, 100).Select(i => CheckAsync(i % 2 == 0 ? here : there, "alice"))
        );
        var left = await UsageAsync("bob");
        var others = new List<bool>();
        foreach (var user in new[] { "bob", "carol", "bob", "dave" })
        {
            others.Add((await CheckAsync(there, user)).MustBeOk().Allowed);
        }

        Assert.That(asked.Count(answer => answer.MustBeOk().Allowed), Is.EqualTo(2));
        Assert.That(left, Is.EqualTo((2, 0)));
        Assert.That(others, Is.EqualTo(new[] { true, true, true, false }));
    }

    [Test]
    public async Task Change_OnOneInstance_EndsTheDenialsThatTheOtherRemembers(
        [Values("refund", "reset", "limit")] string change
    )
    {
        string Of(int limit) =>
            $$"""{"name":"org","limit":{{limit}},"window_seconds":31536000,"per":["org"]}""";
        const string user = """{"name":"user","limit":9,"window_seconds":31536000}""";
        await SaveAsync(here, Of(1), user);
        Assert.That((await CheckAsync(here, "alice")).MustBeOk().Allowed);
        foreach (var instance in new[] { here, there, here, there })
        {
            Assert.That((await CheckAsync(instance, "bob")).MustBeOk().Allowed, Is.False);
        }

        switch (change)
        {
            case "refund":
                (
                    await there.PostAsync(
                        "/usage/refund",
                        """{"user_id":"alice","route_key":"r","subjects":{"org":"acme"}}"""
                    )
                ).MustBeOk();
                break;
            case "reset":
                (
                    await there.SendAsync(
                        HttpMethod.Delete,
                        "/usage?route_key=r&subject.org=acme&limit=org"
                    )
                ).MustBeStatus(204);
                break;
            default:
                await SaveAsync(there, Of(2), user);
                break;
        }

        await Poll.UntilAsync(
            "The denial is still remembered.",
            TwoInstances.Visible,
            async () => (await CheckAsync(here, "bob")).MustBeOk().Allowed
        );
        Assert.That((await CheckAsync(here, "bob")).Allowed, Is.False, "It was one permit.");
    }

    private static async Task SaveAsync(TestClient instance, params string[] limits) =>
        (
            await instance.PostAsync(
                "/policy",
                $$"""{"route_key":"r","limits":[{{string.Join(',', limits)}}]}"""
            )
        ).MustBeOk();

    private static Task<Answer> CheckAsync(TestClient instance, string user) =>
        instance.PostAsync(
            "/check",
            $$$"""{"user_id":"{{{user}}}","route_key":"r","subjects":{"org":"acme"}}"""
        );

    private async Task<(long Organisation, long User)> UsageAsync(string user)
    {
        var usage = await here.GetAsync($"/usage?route_key=r&user_id={user}&subject.org=acme");
        var limits = usage.MustBeOk()["limits"];
        return (limits[0].GetProperty("used").GetInt64(), limits[1].GetProperty("used").GetInt64());
    }
}

/// <summary>On the embedded store, which one instance uses.</summary>
[TestFixture]
public sealed class SubjectsOnEmbeddedTests : SubjectTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() =>
        SharedServices.TwoOfAsync(Store.Embedded);
}

/// <summary>On one real Redis.</summary>
[TestFixture]
public sealed class SubjectsOnRedisTests : SubjectTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() =>
        SharedServices.TwoOfAsync(Store.Redis);
}

/// <summary>On a Redis Cluster of three masters.</summary>
[TestFixture]
[NonParallelizable]
public sealed class SubjectsInAClusterTests : SubjectTests
{
    protected override Task<(Service Here, Service There)> ServeAsync() => SharedCluster.OfAsync();
}
