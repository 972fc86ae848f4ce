namespace RateLimiter.EndToEndTests.Redis;

/// <summary>Two services that share one real Redis.</summary>
[TestFixture]
public sealed class TwoInstancesOnRedisTests
{
    private TestClient here = null!;
    private TestClient there = null!;

    [SetUp]
    public async Task OpenAsync()
    {
        var (_, first) = await SharedServices.OfAsync(Store.Redis);
        var (_, second) = await SharedServices.SecondOfAsync(Store.Redis);
        here = await TestClient.RegisterAsync(first);
        there = here.On(second);
    }

    [Test]
    public async Task Register_OnOneInstance_GivesAKeyThatWorksOnTheOther()
    {
        (await there.GetAsync("/policy")).MustBe("[]");
    }

    [TestCase(""" "algorithm":"fixed_window" """)]
    [TestCase(""" "algorithm":"sliding_window" """)]
    [TestCase(""" "algorithm":"sliding_log" """)]
    [TestCase(""" "algorithm":"token_bucket" """)]
    [TestCase(""" "algorithm":"leaky_bucket","burst":10 """)]
    public async Task Check_200InParallelOnBothInstances_AllowsExactlyTheLimit(string algorithm)
    {
        // In a window of a year no permit is replenished while the test runs.
        var policy = $$"""{"route_key":"r","limit":10,"window_seconds":31536000,{{algorithm}}}""";
        (await here.PostAsync("/policy", policy)).MustBeOk();

        await TwoInstances.MustAllowExactlyTenAsync(here, there);
    }

    [Test]
    public async Task Save_OnOneInstance_IsEnforcedOnTheOtherWithinASecond()
    {
        await TwoInstances.MustEnforceWhatWasSavedAsync(here, there);
    }

    [Test]
    public async Task Override_OnOneInstance_IsEnforcedOnTheOtherWithinASecond()
    {
        await TwoInstances.MustEnforceOverridesAsync(here, there);
    }

    [Test]
    public async Task Delete_OnOneInstance_IsEnforcedOnTheOtherWithinASecond()
    {
        await here.HasPolicyAsync("r", 10);
        await there.CheckAsync("u", "r");

        (await here.DeletePolicyAsync("r")).MustBeOk();

        await Poll.UntilAsync(
            "The policy is still enforced on the other instance.",
            TwoInstances.Visible,
            async () => (await there.CheckAsync("u", "r")).Status == 404
        );
    }

    [Test]
    public async Task DeleteKey_OnOneInstance_IsRefusedOnTheOtherWithinASecond()
    {
        var made = await here.PostAsync("/keys", """{"name":"x","scopes":["policy:read"]}""");
        var key = there.With(made["api_key"].GetString()!);
        (await key.GetAsync("/policy")).MustBeOk();

        await here.SendAsync(HttpMethod.Delete, $"/keys/{made["key_id"].GetString()}");

        await Poll.UntilAsync(
            "The key is still valid on the other instance.",
            TwoInstances.Visible,
            async () => (await key.GetAsync("/policy")).Status == 401
        );
    }

    [Test]
    public async Task Stream_ChecksOnBothInstances_ShowsAll() =>
        await TwoInstances.MustStreamBothAsync(here, there);

    [Test]
    public async Task Stream_ResumedElsewhereWhileOthersCheck_HasNoGapAndNoRepeat() =>
        await TwoInstances.MustResumeAsync([here, there]);

    [Test]
    public async Task Stream_KeyDeletedOnTheOtherInstance_EndsWithinSeconds()
    {
        var made = await here.PostAsync("/keys", """{"name":"x","scopes":["logs:read"]}""");
        await using var stream = await there
            .With(made["api_key"].GetString()!)
            .StreamAsync("/logs/stream");

        (
            await here.SendAsync(HttpMethod.Delete, $"/keys/{made["key_id"].GetString()}")
        ).MustBeStatus(204);

        await stream.MustEndAsync(within: TimeSpan.FromSeconds(10));
    }

    [Test]
    public async Task Save_OnBothInstancesAtOnce_CountsEveryVersion()
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(1, 20).Select(i => (i % 2 == 0 ? here : there).SavePolicyAsync("r", i))
        );

        Assert.That(
            answers.Select(answer => answer.MustBeOk()["policy"].GetProperty("version").GetInt32()),
            Is.EquivalentTo(Enumerable.Range(1, 20))
        );
    }

    [Test]
    public async Task Latest_ChecksOnTheOtherInstance_AreThereSoon()
    {
        await here.HasPolicyAsync("r", 10);
        await here.CheckAsync("u", "r");
        await here.LogsAsync();

        Assert.That(await there.LogsAsync(), Has.Count.EqualTo(1));
    }
}
