using System.Diagnostics;
using System.Text.Json;
using RateLimiter.ApiTests.Http;

namespace RateLimiter.ApiTests.Quotas;

/// <summary>The quotas of a tenant, and the limits of a caller without a key.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class QuotaTests
{
    private static readonly string Batch = JsonSerializer.Serialize(
        new
        {
            checks = Enumerable.Range(0, 1000).Select(_ => new { user_id = "u", route_key = "r" }),
        }
    );

    private StoreHost host = null!;
    private Service service = null!;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        host = await StoreHost.StartAsync();
        service = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.Open,
            ("Authentication__FailureLimit", "20"),
            ("Authentication__FailureWindowSeconds", "2"),
            ("Proxies__Trusted", "127.0.0.1"),
            ("Quotas__MaxPolicies", "3"),
            ("Quotas__MaxPolicyBytes", "6000"),
            ("Quotas__MaxKeys", "3"),
            ("Quotas__MaxWindowSeconds", "3600"),
            ("Quotas__ChecksPerSecond", "100")
        );
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    public async Task Save_OnePolicyTooMany_AnswersConflictButReplacesOnes()
    {
        var client = await TestClient.RegisterAsync(service);
        foreach (var route in new[] { "a", "b", "c" })
        {
            await client.HasPolicyAsync(route, 10);
        }

        (await client.SavePolicyAsync("d", 10)).MustBeProblem(409);
        (await client.SavePolicyAsync("a", 20)).MustBeOk();
        (await client.DeletePolicyAsync("a")).MustBeOk();
        (await client.SavePolicyAsync("d", 10)).MustBeOk();
    }

    [Test]
    public async Task Save_ManyPoliciesAtOnce_NoneIsTooMany()
    {
        var client = await TestClient.RegisterAsync(service);
        var answers = await Task.WhenAll(
            Enumerable.Range(0, 10).Select(i => client.SavePolicyAsync($"r{i}", 10))
        );

        Assert.That(answers.Count(answer => answer.Status == 200), Is.EqualTo(3));
        Assert.That(await client.PoliciesAsync(), Has.Count.EqualTo(3));
    }

    [Test]
    public async Task Save_PoliciesThatTakeUpTooMuch_AnswersConflictUntilThereIsRoom()
    {
        var client = await TestClient.RegisterAsync(service);
        Task<Answer> SaveAsync(string route, int length) =>
            client.SavePolicyAsync(route, 10, description: new string('\u00e9', length));

        (await SaveAsync("a", 400)).MustBeOk();
        (await SaveAsync("b", 400)).MustBeOk();
        (await SaveAsync("c", 400)).MustBeProblem(409);
        (await SaveAsync("b", 10)).MustBeOk();
        (await SaveAsync("c", 400)).MustBeOk();
        (await SaveAsync("b", 400)).MustBeProblem(409);
        (await client.DeletePolicyAsync("a")).MustBeOk();
        (await SaveAsync("b", 400)).MustBeOk();
    }

    [Test]
    public async Task Save_WindowTooLong_AnswersConflict()
    {
        var client = await TestClient.RegisterAsync(service);
        (await client.SavePolicyAsync("a", 10, windowSeconds: 3601)).MustBeProblem(409);
        (await client.SavePolicyAsync("a", 10, windowSeconds: 3600)).MustBeOk();
        (await SaveCalendarAsync("day")).MustBeProblem(409);
        (await SaveCalendarAsync("hour")).MustBeOk();

        Task<Answer> SaveCalendarAsync(string period) =>
            client.PostAsync(
                "/policy",
                $$"""{"route_key":"a","algorithm":"calendar","limit":10,"period":"{{period}}"}"""
            );
    }

    [Test]
    public async Task Create_OneKeyTooMany_AnswersConflict()
    {
        var client = await TestClient.RegisterAsync(service);
        const string key = """{"name":"x"}""";
        (await client.PostAsync("/keys", key)).MustBeOk();
        (await client.PostAsync("/keys", key)).MustBeOk();

        (await client.PostAsync("/keys", key)).MustBeProblem(409);
        (await client.PostAsync("/keys/rotate", """{"grace_seconds":60}""")).MustBeProblem(409);
        (await client.PostAsync("/keys/rotate", "{}")).MustBeOk();
    }

    [Test]
    public async Task Check_MoreThanTheClientMay_Is429AndPassesAfterTheWait()
    {
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 1_000_000);
        var other = await TestClient.RegisterAsync(service);
        await other.HasPolicyAsync("r", 10);
        (await client.PostAsync("/check/batch", Batch)).MustBeOk();

        var refused = await client.PostAsync("/check/batch", Batch);

        refused.MustBeProblem(429);
        Assert.That(int.Parse(refused.Headers["Retry-After"]), Is.InRange(1, 10));
        (await other.CheckAsync("u", "r")).MustBeOk();
        await Poll.UntilAsync(
            "The client is never accepted again.",
            TimeSpan.FromSeconds(10),
            async () => (await client.CheckAsync("u", "r")).Status == 200
        );
    }

    [Test]
    [Contract("ANY /gateway/check: 503 with Retry-After when the client has used up its quota")]
    public async Task Door_MoreThanTheClientMay_IsNoDenialOfTheUser()
    {
        await using var own = await StoreHost.StartAsync();
        var client = await TestClient.RegisterAsync(
            await own.ServeAsync(SharedServices.Patient, ("Quotas__ChecksPerSecond", "1"))
        );
        await client.HasPolicyAsync("r", 1_000_000);
        (await client.PostAsync("/check/batch", Batch)).MustBeOk();

        foreach (var question in new[] { "", "?deny_status=403", "/search" })
        {
            Answer? refused = null;
            await Poll.UntilAsync(
                "The quota is never used up.",
                TimeSpan.FromSeconds(10),
                async () =>
                    (
                        refused = await client.SendAsync(
                            HttpMethod.Get,
                            $"/gateway/check{question}",
                            body: null,
                            ("X-RateLimit-Route", "r")
                        )
                    ).Status == 503
            );

            refused!.MustBeProblem(503);
            Assert.That(refused!.Headers["Retry-After"], Is.EqualTo("1"));
            Assert.That(refused!.Headers, Does.Not.ContainKey("RateLimit"));
        }
    }

    [Test]
    public async Task AnyOperation_TooManyWrongKeysFromAnAddress_AreRefusedWithoutTouchingOthers()
    {
        var client = await TestClient.RegisterAsync(service);
        var visitor = new ApiClient(service);
        Task<Answer> GuessAsync(string from, string key) =>
            visitor.SendAsync(
                HttpMethod.Get,
                "/policy",
                body: null,
                ("X-API-Key", key),
                ("X-Forwarded-For", from)
            );

        for (var i = 0; i < 20; i++)
        {
            (await GuessAsync("192.0.2.1", $"guess-{i}")).MustBeProblem(401);
        }

        var refused = await GuessAsync("192.0.2.1", "guess");
        refused.MustBeProblem(429);
        Assert.That(int.Parse(refused.Headers["Retry-After"]), Is.InRange(1, 2));
        (await GuessAsync("192.0.2.2", "guess")).MustBeProblem(401);
        (await GuessAsync("192.0.2.1", client.Key)).MustBeOk();
        await Poll.UntilAsync(
            "The address is never accepted again.",
            TimeSpan.FromSeconds(10),
            async () => (await GuessAsync("192.0.2.1", "guess")).Status == 401
        );
    }

    [Test]
    public async Task AnyOperation_BrokenCallersBehindAnAddress_KeepNoClientOutThatIsNotKnownYet()
    {
        await using var own = await StoreHost.StartAsync();
        var first = await own.ServeAsync(SharedServices.Patient);
        var client = await TestClient.RegisterAsync(first);
        await first.DisposeAsync();
        var again = await own.ServeAsync(
            SharedServices.Patient,
            ("Authentication__FailureLimit", "2")
        );
        var visitor = new ApiClient(again);
        Task<Answer> AskAsync(string key) =>
            visitor.SendAsync(HttpMethod.Get, "/policy", body: null, ("X-API-Key", key));
        string[] broken =
        [
            "no key",
            client.Key[..^1] + (client.Key[^1] == 'x' ? 'y' : 'x'),
            AuthenticationTests.Forge("0000000000000000"),
        ];
        foreach (var key in broken.SelectMany(key => Enumerable.Repeat(key, 5)))
        {
            Assert.That((await AskAsync(key)).Status, Is.AnyOf(401, 429));
        }

        (await AskAsync(client.Key)).MustBeOk();
        (await AskAsync(broken[0])).MustBeProblem(429);
    }

    /// <summary>
    /// The response time must not disclose whether a key is valid, and whose it would be. The kinds alternate, so that the
    /// load of the machine affects all of them equally; a real difference shows every time.
    /// </summary>
    [Test]
    [NonParallelizable]
    public async Task AnyOperation_WrongKey_TakesAsLongAsARightOneToTheMillisecond()
    {
        await using var patient = await StoreHost.StartAsync();
        var own = await patient.ServeAsync(
            SharedServices.Patient,
            SharedServices.Open,
            SharedServices.Forgiving
        );
        var known = await TestClient.RegisterAsync(own);
        string[] keys =
        [
            known.Key,
            AuthenticationTests.Forge(known.Id),
            AuthenticationTests.Forge("0000000000000000"),
            known.Key[..^1] + (known.Key[^1] == 'x' ? 'y' : 'x'),
        ];
        List<string> late = [];
        while (await SpreadAsync(own, keys) is { Spread: >= 1 } found)
        {
            late.Add(found.Medians);
            Assert.That(late, Has.Count.LessThan(3), string.Join('\n', late));
        }
    }

    private static async Task<(double Spread, string Medians)> SpreadAsync(
        Service service,
        string[] keys
    )
    {
        var visitor = new ApiClient(service);
        var times = keys.Select(_ => new List<double>()).ToArray();
        for (var round = 0; round < 300; round++)
        {
            for (var i = 0; i < keys.Length; i++)
            {
                var clock = Stopwatch.StartNew();
                // A valid key is rejected for its query: what follows costs nothing in any case.
                await visitor.SendAsync(
                    HttpMethod.Get,
                    "/policy?unknown=1",
                    body: null,
                    ("X-API-Key", keys[i])
                );
                times[i].Add(clock.Elapsed.TotalMilliseconds);
            }
        }

        var medians = times.Select(all => all.Order().ElementAt(all.Count / 2)).ToList();
        return (
            medians.Max() - medians.Min(),
            string.Join(", ", medians.Select(median => $"{median:F2} ms"))
        );
    }
}
