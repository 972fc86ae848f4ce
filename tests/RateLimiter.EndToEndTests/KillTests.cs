namespace RateLimiter.EndToEndTests;

/// <summary>A service that is killed (SIGKILL) in the middle of its work, and started again on the same data.</summary>
[TestFixture(Store.Embedded)]
[TestFixture(Store.Redis)]
public sealed class KillTests(Store store)
{
    [Test]
    public async Task Kill_InTheMiddleOfUse_LosesNothingThatWasAnswered()
    {
        const long limit = 1_000_000;
        await using var host = await StoreHost.StartAsync(store);
        var service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
        var client = await Client.RegisterAsync(service);
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
        // The embedded store writes permits to its file a moment after they were answered.
        var answered = Volatile.Read(ref allowed);
        await Task.Delay(TimeSpan.FromMilliseconds(250));
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
        // Those of the last moment may have counted or not.
        var least = store == Store.Embedded ? answered : allowed;
        Assert.That(limit - await again.RemainingAsync("u", "r"), Is.InRange(least, sent));

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
                // It is dead.
            }
        }
    }

    [Test]
    public async Task Kill_RightAfterAPolicyWasSaved_KeepsIt()
    {
        await using var host = await StoreHost.StartAsync(store);
        var service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
        var client = await Client.RegisterAsync(service);
        for (var i = 0; i < 3; i++)
        {
            await client.HasPolicyAsync($"r{i}", 10);
            await service.KillAsync();
            service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
            client = await client.OnceOnAsync(service);

            Assert.That(await client.PoliciesAsync(), Has.Count.EqualTo(i + 1));
        }
    }

    [Test]
    public async Task Kill_Repeatedly_StartsEveryTime()
    {
        await using var host = await StoreHost.StartAsync(store);
        var service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
        var client = await Client.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);

        for (var used = 1; used <= 3; used++)
        {
            var answer = await client.CheckAsync("u", "r");
            Assert.That(answer.MustBeOk().Remaining, Is.EqualTo(10 - used));

            // What is saved is kept, and with it all that came before.
            await client.HasPolicyAsync("another", used);
            await service.KillAsync();
            service = await host.ServeAsync(SharedServices.Patient, SharedServices.Open);
            client = await client.OnceOnAsync(service);
        }

        Assert.That(await client.RemainingAsync("u", "r"), Is.EqualTo(7));
    }
}
