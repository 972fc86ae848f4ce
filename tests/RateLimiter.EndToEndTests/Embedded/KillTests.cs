namespace RateLimiter.EndToEndTests.Embedded;

/// <summary>
/// A service that is killed (SIGKILL) during its work, and restarted on the same data. With the embedded store, which is killed
/// with it: a Redis does not notice.
/// </summary>
[TestFixture]
public sealed class KillTests
{
    [Test]
    public async Task Kill_InTheMiddleOfUse_LosesNothingThatWasAnswered()
    {
        const long limit = 1_000_000;
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", limit);
        await client.HasPolicyAsync("other", 5, role: "free");
        await client.CheckAsync("u", "other", "free", cost: 2);
        var (sent, allowed) = (0, 0);

        var callers = Enumerable.Range(0, 8).Select(_ => CheckUntilKilledAsync()).ToList();
        await Poll.UntilAsync(
            "Nothing is checked.",
            TimeSpan.FromSeconds(30),
            () => Task.FromResult(Volatile.Read(ref allowed) > 300)
        );
        await service.KillAsync();
        await Task.WhenAll(callers);
        var again = await client.OnceOnAsync(
            await host.ServeAsync(SharedServices.Patient, SharedServices.Open)
        );

        Assert.That(
            (await again.PoliciesAsync()).Select(policy => $"{policy.GetProperty("route_key")}"),
            Is.EqualTo(["other", "r"])
        );
        Assert.That(await again.RemainingAsync("u", "other", "free"), Is.EqualTo(3));
        // Unanswered checks may or may not have been counted.
        Assert.That(limit - await again.RemainingAsync("u", "r"), Is.InRange(allowed, sent));

        async Task CheckUntilKilledAsync()
        {
            try
            {
                while (true)
                {
                    Interlocked.Increment(ref sent);
                    (await client.CheckAsync("u", "r")).MustBeOk();
                    Interlocked.Increment(ref allowed);
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // The service has been killed.
            }
        }
    }

    [Test]
    public async Task Kill_RightAfterAPolicyWasSavedEachTime_KeepsItAndEverythingBefore()
    {
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);

        for (var used = 1; used <= 2; used++)
        {
            var answer = await client.CheckAsync("u", "r");
            Assert.That(answer.MustBeOk().Remaining, Is.EqualTo(10 - used));

            // A save is durable, and so is everything before it.
            await client.HasPolicyAsync($"r{used}", 10);
            await service.KillAsync();
            service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
            client = await client.OnceOnAsync(service);

            Assert.That(await client.PoliciesAsync(), Has.Count.EqualTo(1 + used));
        }

        Assert.That(await client.RemainingAsync("u", "r"), Is.EqualTo(8));
    }
}

/// <summary>The embedded store, killed repeatedly under maximum write load.</summary>
[TestFixture]
public sealed class RepeatedKillTests
{
    /// <summary>The number of kills; 20 are as good as a proof, and take minutes.</summary>
    private const string KillsVariable = "RATELIMITER_KILLS";

    [Test]
    public async Task Kill_UnderLoad_LosesNothingThatWasAnswered()
    {
        const long limit = 1_000_000_000;
        var kills = int.TryParse(Environment.GetEnvironmentVariable(KillsVariable), out var set)
            ? set
            : 2;
        await using var host = await StoreHost.StartAsync(Store.Embedded);
        var service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", limit);
        var (sent, allowed) = (0L, 0L);

        for (var kill = 1; kill <= kills; kill++)
        {
            var before = allowed;
            var callers = Enumerable.Range(0, 4).Select(_ => CheckUntilKilledAsync()).ToList();
            // Each time in another phase of the commits.
            await Poll.UntilAsync(
                "Nothing is checked.",
                TimeSpan.FromSeconds(60),
                () => Task.FromResult(Interlocked.Read(ref allowed) > before + 2000 + (kill * 371))
            );
            await service.KillAsync();
            await Task.WhenAll(callers);
            service = await host.ServeAloneAsync(SharedServices.Patient, SharedServices.Open);
            client = await client.OnceOnAsync(service);

            var used = limit - await client.RemainingAsync("u", "r");
            Assert.That(used, Is.InRange(allowed, sent), $"After kill {kill}");
            (sent, allowed) = (used, used);
        }

        async Task CheckUntilKilledAsync()
        {
            var check = """{"user_id": "u", "route_key": "r"}""";
            var batch = $$"""{"checks": [{{string.Join(',', Enumerable.Repeat(check, 100))}}]}""";
            try
            {
                while (true)
                {
                    Interlocked.Add(ref sent, 100);
                    var answer = (await client.PostAsync("/check/batch", batch)).MustBeOk();
                    Interlocked.Add(
                        ref allowed,
                        answer
                            .Body.GetProperty("results")
                            .EnumerateArray()
                            .Count(result =>
                                result.TryGetProperty("allowed", out var isAllowed)
                                && isAllowed.GetBoolean()
                            )
                    );
                }
            }
            catch (Exception exception) when (exception is HttpRequestException or IOException)
            {
                // The service has been killed.
            }
        }
    }
}
