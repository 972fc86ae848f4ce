using System.Text.RegularExpressions;
using StackExchange.Redis;

namespace RateLimiter.EndToEndTests.Hosting;

/// <summary>A service that is ready has run everything once, and has left nothing in its store.</summary>
[TestFixture]
public sealed partial class WarmUpTests
{
    private static readonly TimeSpan Ready = TimeSpan.FromSeconds(30);

    private static readonly (string, string) Verbose = (
        "Logging__LogLevel__RateLimiter.Api.Hosting.WarmUp",
        "Debug"
    );

    /// <summary>The first deletes, which takes seconds; the second does not end by itself.</summary>
    private static readonly string[] NotWarmedUp = ["DELETE /client", "GET /logs/stream"];

    [Test]
    public async Task Ready_EveryOperation_HasBeenAnsweredOnce()
    {
        await using var host = await StoreHost.StartAnyAsync();
        var service = await host.ServeAsync(Verbose);
        await MustGetReadyAsync(service);

        var answered = WarmedUp
            .Matches(service.Output)
            .ToDictionary(match => match.Groups[1].Value, match => match.Groups[2].Value);
        var document = (await new ApiClient(service).GetAsync("/openapi.json")).MustBeOk().Body;
        var operations = document
            .GetProperty("paths")
            .EnumerateObject()
            .Where(path => !path.Name.StartsWith("/health", StringComparison.Ordinal))
            .SelectMany(path =>
                path.Value.EnumerateObject()
                    .Select(operation => $"{operation.Name.ToUpperInvariant()} {path.Name}")
            )
            .Where(name => !name.Contains("/gateway/check", StringComparison.Ordinal))
            .Append("GET /gateway/check")
            .Except(NotWarmedUp);

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                answered.Keys.Select(name =>
                    name.Replace("/keys/none", "/keys/{key_id}", StringComparison.Ordinal)
                        .Replace(new string('A', 24), "{id}", StringComparison.Ordinal)
                        .Replace(new string('0', 16), "{override_id}", StringComparison.Ordinal)
                ),
                Is.SupersetOf(operations)
            );
            // Only writes that any request would make are rejected before they reach the store.
            Assert.That(
                answered.Where(one => one.Value is "400").Select(one => one.Key),
                Is.EqualTo(new[] { "POST /register" })
            );
            Assert.That(answered.Values, Has.None.StartWith("5"));
            Assert.That(service.OutputLines, Has.None.Contains("EndpointRoutingMiddleware"));
        }
    }

    [Test]
    public async Task Ready_NewRedis_HasNothingThatLasts()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        var service = await host.ServeAsync();
        await MustGetReadyAsync(service);

        await using var redis = await ConnectionMultiplexer.ConnectAsync(
            $"{host.Redis.ConnectionString},allowAdmin=true"
        );
        var database = redis.GetDatabase();
        var keys = redis.GetServers()[0].Keys().ToList();
        // A key that has expired since it was listed has no time to live either.
        var lasting = keys.Where(key =>
            database.KeyTimeToLive(key) is null && database.KeyExists(key)
        );

        Assert.That(lasting.Select(key => $"{key}"), Is.SubsetOf(new[] { "rl:session_keys" }));
    }

    [Test]
    public async Task Ready_StoreComesLater_IsWarmFirst()
    {
        await using var host = await StoreHost.StartAsync(Store.Redis, ownProcess: true);
        await host.Redis.KillAsync();
        var service = await host.ServeAsync(Verbose);
        var before = await new ApiClient(service).GetAsync("/health/ready");

        await host.Redis.RunAsync();
        await MustGetReadyAsync(service);

        Assert.That(before.Status, Is.EqualTo(503));
        Assert.That(WarmedUp.Count(service.Output), Is.GreaterThan(20));
    }

    private static Task<TimeSpan> MustGetReadyAsync(Service service) =>
        Poll.UntilAsync(
            "The service does not get ready.",
            Ready,
            async () => (await new ApiClient(service).GetAsync("/health/ready")).Status == 200
        );

    [GeneratedRegex(@"Warmed up: (\w+ \S+) returned (\d+)")]
    private static partial Regex WarmedUp { get; }
}
