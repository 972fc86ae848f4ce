using System.Diagnostics;

namespace RateLimiter.EndToEndTests.Stores;

/// <summary>
/// A real Redis that is down, or does not answer: operations that need it return 503. Not in parallel with other tests,
/// because time is measured, and with the default timeouts of the service. For checks see <see cref="FailureTests"/>.
/// </summary>
[TestFixture]
[NonParallelizable]
public sealed class OutageTests
{
    private static readonly TimeSpan Answered = TimeSpan.FromSeconds(1);

    /// <summary>A stalled machine delays one response; a defect delays all of them.</summary>
    private const int Attempts = 3;

    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(15);

    private static readonly (string Method, string Path, string? Body)[] Operations =
    [
        ("POST", "/register", """{"name":"x"}"""),
        ("POST", "/policy", """{"route_key":"s","limit":1,"window_seconds":1}"""),
        ("GET", "/policy", null),
        ("DELETE", "/policy", """{"route_key":"s"}"""),
        ("GET", "/logs/latest", null),
    ];

    [Test]
    public async Task Redis_KilledAndStartedAgain_IsAnsweredWith503AndFoundAgain()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var client = await WarmAsync(await host.ServeAloneAsync(SharedServices.Open));
        var used = 10 - await client.RemainingAsync("u", "r");

        await host.Redis.KillAsync();
        await AllMustAnswer503Async(client);
        (await client.GetAsync("/health/live")).MustBeOk();
        await Poll.UntilAsync(
            "The metrics do not show that the store is unavailable.",
            Answered,
            async () =>
                (await client.GetAsync("/metrics"))
                    .MustBeOk()
                    .Text.Contains("ratelimiter_store_circuit_open{part=\"0\"} 1")
        );
        await host.Redis.RunAsync();

        await RecoversAsync(client);
        Assert.That(await client.RemainingAsync("u", "r"), Is.EqualTo(10 - used));
        (await client.GetAsync("/health/ready")).MustBeOk();
        Assert.That(await client.PoliciesAsync(), Has.Count.EqualTo(1));
        (await client.GetAsync("/logs/latest")).MustBeOk();
    }

    [Test]
    public async Task Redis_Paused_IsAnsweredWith503WithinASecondAndFoundAgain()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var client = await WarmAsync(await host.ServeAsync(SharedServices.Open));

        await host.Redis.PauseAsync();
        await AllMustAnswer503Async(client);
        await host.Redis.ResumeAsync();

        await RecoversAsync(client);
        (await client.GetAsync("/health/ready")).MustBeOk();
    }

    [Test]
    [Contract(
        "The log of the service: lost decisions are reported once a minute, with their number"
    )]
    public async Task Redis_TakesNoDecisionsForTheLog_IsNotToldForEachOfThem()
    {
        const int asked = 8;
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var service = await host.ServeAsync(SharedServices.Open, SharedServices.Patient);
        var client = await WarmAsync(service);
        await host.Redis.AskAsync("SET", $"rl:{{{client.Id}}}:log", "no list");

        for (var i = 0; i < asked; i++)
        {
            await client.CheckAsync("u", "r");
            // Each decision is in a separate write, which fails.
            (await client.GetAsync("/logs/latest")).MustBeProblem(503);
        }

        await service.DisposeAsync();
        var reports = service.OutputLines.Where(line => line.Contains("dropped from the log"));
        Assert.That(reports.Count(), Is.InRange(1, 2), "At once, and the rest at the end.");
        Assert.That(
            reports.Sum(line => int.Parse(line.Split("] ")[1].Split(' ')[0])),
            Is.EqualTo(asked)
        );
    }

    [Test]
    public async Task Redis_ComesAfterTheService_IsFound()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        await host.Redis.KillAsync();
        var service = await host.ServeAsync(SharedServices.Open);
        var visitor = new ApiClient(service);
        (await visitor.RegisterAsync("x")).MustBeProblem(503);
        (await visitor.GetAsync("/health/live")).MustBeOk();
        Assert.That((await visitor.GetAsync("/health/ready")).Status, Is.EqualTo(503));

        await host.Redis.RunAsync();

        await Poll.UntilAsync(
            "The service does not connect to its store.",
            Recovered,
            async () => (await visitor.RegisterAsync("x")).Status == 200
        );
        await WarmAsync(service);
    }

    [Test]
    public async Task Redis_OfTwoInstancesGoneAndBack_ChangesAreSeenAgain()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var here = await WarmAsync(await host.ServeAsync(SharedServices.Open));
        var there = here.On(await host.ServeAsync(SharedServices.Open));
        await RecoversAsync(there);
        await host.Redis.KillAsync();
        await host.Redis.RunAsync();
        await RecoversAsync(here);
        await RecoversAsync(there);

        await here.HasPolicyAsync("r", 77);

        await Poll.UntilAsync(
            "The new limit is not enforced on the other instance.",
            TimeSpan.FromSeconds(1),
            async () => (await there.CheckAsync("u", "r", cost: 0))["limit"].GetInt64() == 77
        );
    }

    /// <summary>A tenant whose every operation has run once, so that no first call is measured.</summary>
    private static async Task<TestClient> WarmAsync(Service service)
    {
        var client = await TestClient.RegisterAsync(service);
        await client.HasPolicyAsync("r", 10);
        foreach (var (method, path, body) in Operations)
        {
            await client.SendAsync(new HttpMethod(method), path, body);
        }

        await client.GetAsync("/health/ready");
        return client;
    }

    private static async Task AllMustAnswer503Async(TestClient client)
    {
        // Twice: at the start of the outage, and during it.
        foreach (var (method, path, body) in Operations.Concat(Operations))
        {
            var answer = await InTimeAsync(() =>
                client.SendAsync(new HttpMethod(method), path, body)
            );
            answer.MustBeProblem(503);
            Assert.That(answer.Headers, Contains.Key("Retry-After"));
        }

        var health = await InTimeAsync(() => client.GetAsync("/health/ready"));
        Assert.That(health.Status, Is.EqualTo(503));
    }

    private static async Task<Answer> InTimeAsync(Func<Task<Answer>> send)
    {
        List<TimeSpan> times = [];
        while (true)
        {
            var clock = Stopwatch.StartNew();
            var answer = await send();
            times.Add(clock.Elapsed);
            if (times[^1] < Answered)
            {
                return answer;
            }

            Assert.That(times, Has.Count.LessThan(Attempts), string.Join(", ", times));
        }
    }

    private static Task<TimeSpan> RecoversAsync(TestClient client) =>
        Poll.UntilAsync(
            "The service does not reconnect to its store.",
            Recovered,
            async () => !(await client.CheckAsync("u", "r", cost: 0))["degraded"].GetBoolean()
        );
}
