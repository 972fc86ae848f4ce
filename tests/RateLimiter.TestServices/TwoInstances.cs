namespace RateLimiter.TestServices;

/// <summary>Properties that hold for a tenant on two instances of the service, whichever store they share.</summary>
public static class TwoInstances
{
    /// <summary>The longest that a change may stay unseen on the other instance.</summary>
    public static readonly TimeSpan Visible = TimeSpan.FromSeconds(1);

    /// <summary>
    /// 200 checks in parallel under the policy of route r, whose limit is 10, consume exactly its permits. No permit may be
    /// replenished meanwhile.
    /// </summary>
    public static async Task MustAllowExactlyTenAsync(TestClient here, TestClient there)
    {
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 200).Select(i => (i % 2 == 0 ? here : there).CheckAsync("u", "r"))
        );

        Assert.That(
            answers.Where(answer => answer.MustBeOk().Allowed).Select(answer => answer.Remaining),
            Is.EquivalentTo(Enumerable.Range(0, 10))
        );
    }

    /// <summary>A limit that is saved here is enforced there, and the usage there is kept.</summary>
    public static async Task MustEnforceWhatWasSavedAsync(TestClient here, TestClient there)
    {
        await here.HasPolicyAsync("r", 10);
        await there.CheckAsync("u", "r");

        await here.HasPolicyAsync("r", 50);

        await Poll.UntilAsync(
            "The new limit is not enforced on the other instance.",
            Visible,
            async () => (await there.CheckAsync("u", "r", cost: 0))["limit"].GetInt64() == 50
        );
        Assert.That(await there.RemainingAsync("u", "r"), Is.EqualTo(49));
    }

    /// <summary>
    /// A block that is created here is enforced here at once and there within a second, and so is its end: also where the other
    /// instance remembers a denial.
    /// </summary>
    public static async Task MustEnforceOverridesAsync(TestClient here, TestClient there)
    {
        await here.HasPolicyAsync("r", 1);
        await there.CheckAsync("u", "r");
        Assert.That((await there.CheckAsync("u", "r")).Allowed, Is.False);

        var created = await here.PostAsync(
            "/overrides",
            """{"subject":"user_id","match":"u","effect":"limits","limits":{"default":5}}"""
        );
        await MustBecomeAsync("The override is not seen.", "Allowed");
        Assert.That((await here.CheckAsync("u", "r")).Allowed, Is.True);

        var path = $"/overrides/{created.MustBeOk()["override_id"].GetString()}";
        (
            await here.SendAsync(
                HttpMethod.Put,
                path,
                """{"subject":"user_id","match":"u","effect":"blocked"}"""
            )
        ).MustBeOk();
        Assert.That((await here.CheckAsync("u", "r")).Reason, Is.EqualTo("Blocked"));
        await MustBecomeAsync("The block is not seen.", "Blocked");

        (await here.SendAsync(HttpMethod.Delete, path)).MustBeStatus(204);
        await MustBecomeAsync("The end is not seen.", "Rate limit exceeded");

        Task MustBecomeAsync(string otherwise, string expected) =>
            Poll.UntilAsync(
                otherwise,
                Visible,
                async () =>
                {
                    var answer = await there.CheckAsync("u", "r");
                    return (answer.Allowed ? "Allowed" : answer.Reason) == expected;
                }
            );
    }

    /// <summary>Streams on both instances show the decisions of either, in the same order and with the same ids.</summary>
    public static async Task MustStreamBothAsync(TestClient here, TestClient there)
    {
        await here.HasPolicyAsync("r", 1000);
        await using var one = await here.StreamAsync("/logs/stream");
        await using var other = await there.StreamAsync("/logs/stream");

        await Task.WhenAll(
            Enumerable
                .Range(0, 100)
                .Select(i => (i % 2 == 0 ? here : there).CheckAsync($"u{i}", "r"))
        );

        var events = await one.NextAsync(100);
        Assert.That(
            events.Select(it => it.User),
            Is.EquivalentTo(Enumerable.Range(0, 100).Select(i => $"u{i}"))
        );
        Assert.That(
            events.Select(it => it.Id - events[0].Id),
            Is.EqualTo(Enumerable.Range(0, 100).Select(i => (long)i))
        );
        Assert.That(
            (await other.NextAsync(100)).Select(it => (it.Id, it.User)),
            Is.EqualTo(events.Select(it => (it.Id, it.User)))
        );
    }

    /// <summary>A stream that is interrupted and resumed on each instance in turn, during checks, misses nothing.</summary>
    public static async Task MustResumeAsync(IReadOnlyList<TestClient> instances)
    {
        const int rounds = 10;
        const int checks = 60;
        await instances[0].HasPolicyAsync("r", 1_000_000);
        var stream = await instances[0].StreamAsync("/logs/stream");
        var (events, answers) = (new List<StreamEvent>(), new List<Answer>());
        for (var round = 1; round <= rounds; round++)
        {
            var checking = Task.WhenAll(
                Enumerable
                    .Range(0, checks)
                    .Select(i => instances[i % instances.Count].CheckAsync("u", "r"))
            );
            // Some of them are decided before the interruption, some during it, and some after the resumption.
            events.AddRange(await stream.NextAsync(checks / 3));
            await stream.DisposeAsync();
            stream = await instances[round % instances.Count]
                .StreamAsync("/logs/stream", ("Last-Event-ID", $"{events[^1].Id}"));
            events.AddRange(await stream.NextAsync(checks - (checks / 3)));
            answers.AddRange(await checking);
        }

        await stream.DisposeAsync();
        Assert.That(
            events.Select(it => it.Id - events[0].Id),
            Is.EqualTo(Enumerable.Range(0, rounds * checks).Select(i => (long)i))
        );
        // Each decision has a different number of remaining permits.
        Assert.That(
            events.Select(it => it.Data.GetProperty("remaining").GetInt64()),
            Is.Unique.And.EquivalentTo(answers.Select(answer => answer.MustBeOk().Remaining))
        );
    }
}
