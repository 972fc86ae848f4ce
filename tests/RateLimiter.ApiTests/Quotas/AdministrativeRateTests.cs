using Microsoft.Extensions.DependencyInjection;
using RateLimiting.Client;

namespace RateLimiter.ApiTests.Quotas;

/// <summary>The rate limit of a client and of an address for requests other than checks.</summary>
[TestFixture]
[FixtureLifeCycle(LifeCycle.SingleInstance)]
public sealed class AdministrativeRateTests
{
    private const int Burst = 20;

    /// <summary>Far more than a replenishment of one per second adds while a test sends them.</summary>
    private const int Many = 10 * Burst;

    // No operation knows this parameter, so that an accepted request is a 400 and does nothing.
    private const string Unknown = "unknown_to_all=1";

    private StoreHost host = null!;
    private Service service = null!;
    private int addresses;

    [OneTimeSetUp]
    public async Task StartAsync()
    {
        host = await StoreHost.StartAsync();
        service = await host.ServeAsync(
            SharedServices.Patient,
            SharedServices.Open,
            SharedServices.BehindProxy,
            ("Quotas__AdministrativeCallsPerSecond", "1"),
            ("Quotas__AdministrativeBurst", $"{Burst}")
        );
    }

    [OneTimeTearDown]
    public async Task StopAsync() => await host.DisposeAsync();

    [Test]
    [Contract("429 too many (with Retry-After)")]
    public async Task AnyOperation_OfAClientThatCallsTooOften_IsRefusedUnlessItIsACheck()
    {
        var client = await TestClient.RegisterAsync(service, NewAddress());
        var document = await ApiDocument.ReadAsync(new ApiClient(service));
        var operations = document.Operations.Where(operation => operation.NeedsKey).ToList();
        var checks = operations.Where(IsCheck).ToList();
        Assert.That((operations.Count, checks.Count), Is.GreaterThan((20, 2)));

        foreach (var operation in operations.Except(checks))
        {
            var refused = await SendUntilRefusedAsync(() =>
                SendAsync(operation, client.Key, NewAddress())
            );
            operation.MustAllow(refused);
            MustBeTooMany(refused, "Too many administrative calls of this client.");
        }

        foreach (var operation in checks)
        {
            Assert.That(
                (await SendAsync(operation, client.Key, NewAddress())).Status,
                Is.Not.EqualTo(429),
                $"{operation}"
            );
        }
    }

    [Test]
    public async Task AnyOperation_FromANetworkThatCallsTooOften_IsRefusedForAllClientsThere()
    {
        var clients = new List<TestClient>();
        for (var i = 0; i < 3; i++)
        {
            clients.Add(await TestClient.RegisterAsync(service, NewAddress()));
        }

        var network = $"2001:db8:0:{Random.Shared.Next(0xffff):x}:";
        var sent = 0;
        var refused = await SendUntilRefusedAsync(() =>
            GetAsync(clients[sent % 3].Key, $"{network}:{++sent}")
        );

        MustBeTooMany(refused, "Too many administrative calls from this address.");
        (
            await SendUntilRefusedAsync(() =>
                new ApiClient(service).RegisterAsync("x", $"{network}:1")
            )
        ).MustBeProblem(429);
        (await GetAsync(clients[0].Key, NewAddress())).MustBeOk();
    }

    [Test]
    public async Task AnyOperation_AfterTheWaitThatWasTold_Passes()
    {
        var client = await TestClient.RegisterAsync(service, NewAddress());
        await SendUntilRefusedAsync(() => GetAsync(client.Key, NewAddress()));

        await Poll.UntilAsync(
            "The client is never accepted again.",
            TimeSpan.FromSeconds(10),
            async () => (await GetAsync(client.Key, NewAddress())).Status == 200
        );
    }

    [Test]
    public async Task Client_ThatCallsTooOften_WaitsAndIsAnswered()
    {
        var client = await TestClient.RegisterAsync(service, NewAddress());
        await client.HasPolicyAsync("r", 10);
        await using var services = new ServiceCollection()
            .AddRateLimiterClient(options =>
            {
                options.BaseAddress = service.Address;
                options.ApiKey = client.Key;
                options.MaxRetries = 10;
            })
            .Services.BuildServiceProvider();
        var limiter = services.GetRequiredService<IRateLimiterClient>();
        await SendUntilRefusedAsync(() => GetAsync(client.Key, NewAddress()));

        // Both are administrative, with one call per second remaining.
        Assert.That((await limiter.GetUsageAsync("u", "r")).Limit, Is.EqualTo(10));
        Assert.That((await limiter.Api.ListPoliciesAsync()).Result, Has.Count.EqualTo(1));
        Assert.That((await limiter.CheckAsync("u", "r")).Allowed);
    }

    private static bool IsCheck(ApiOperation operation) =>
        operation.Path.StartsWith("/check", StringComparison.Ordinal)
        || operation.Path.StartsWith("/gateway/", StringComparison.Ordinal)
        // The list of reservations costs more.
        || operation.Path.StartsWith("/reservations", StringComparison.Ordinal)
            && operation.Method != HttpMethod.Get;

    private static void MustBeTooMany(Answer answer, string detail)
    {
        answer.MustBeProblem(429);
        Assert.That(answer["detail"].GetString(), Is.EqualTo(detail));
        Assert.That(answer.Headers["Retry-After"], Is.EqualTo("1"));
    }

    private static async Task<Answer> SendUntilRefusedAsync(Func<Task<Answer>> send)
    {
        for (var i = 0; i < Many; i++)
        {
            if (await send() is { Status: 429 } refused)
            {
                return refused;
            }
        }

        Assert.Fail("No request is rejected.");
        throw new InvalidOperationException();
    }

    private Task<Answer> GetAsync(string key, string from) =>
        new ApiClient(service).SendAsync(
            HttpMethod.Get,
            "/policy",
            body: null,
            ("X-API-Key", key),
            ("X-Forwarded-For", from)
        );

    private Task<Answer> SendAsync(ApiOperation operation, string key, string from)
    {
        var address = operation.Address();
        return new ApiClient(service).SendAsync(
            operation.Method,
            $"{address}{(address.Contains('?', StringComparison.Ordinal) ? '&' : '?')}{Unknown}",
            operation.TakesBody ? "{}" : null,
            ("X-API-Key", key),
            ("X-Forwarded-For", from)
        );
    }

    /// <summary>An address that no other test uses.</summary>
    private string NewAddress() => $"198.51.{100 + addresses / 250}.{1 + addresses++ % 250}";
}
