using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Stores;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Analytics;
using RateLimiter.Infrastructure.Redis.Connection;
using RateLimiter.TestStores;
using static RateLimiter.IntegrationTests.Redis.Connection.LogLines;

namespace RateLimiter.IntegrationTests.Redis.Analytics;

/// <summary>Counting while a real Redis is unavailable, or does not reply.</summary>
[TestFixture]
public sealed class AnalyticsOutageTests
{
    private static readonly Policy Search = AnalyticsPolicies.Of("search");
    private static readonly TimeSpan Recovered = TimeSpan.FromSeconds(30);

    [Test]
    public async Task Record_StoreStandsStillWhileItIsWritten_SumsAreExact()
    {
        await using var server = await RedisServer.StartAsync(ownProcess: true);
        await using var connection = await TestStore.ConnectAsync(server, timeoutMs: 300);
        using var analytics = New(connection);
        var client = await TestStore.RegisterAsync(connection);
        var now = TimeProvider.System.GetUtcNow();
        var span = new AnalyticsSpan(now.AddMinutes(-5), now.AddMinutes(5));
        var recorded = 0;
        for (var outage = 0; outage < 3; outage++)
        {
            Record(100);
            await server.PauseAsync();
            // What is sent now waits in the server's socket, and is executed when the server resumes.
            Assert.That(SummarizeAsync, Throws.InstanceOf<StoreUnavailableException>());
            Record(10);
            Assert.That(SummarizeAsync, Throws.InstanceOf<StoreUnavailableException>());
            await server.ResumeAsync();
            Record(1);
            await Poll.UntilAsync("The store is not found again.", Recovered, AnswersAsync);
        }

        var summary = await SummarizeAsync();
        Assert.That(summary.Tally.Checks, Is.EqualTo(recorded));
        await analytics.StopAsync(CancellationToken.None);

        void Record(int count)
        {
            recorded += count;
            for (var i = 0; i < count; i++)
            {
                analytics.Record(client, Search, LoggedAt(now), TimeSpan.FromMilliseconds(1));
            }
        }

        Task<AnalyticsSummary> SummarizeAsync() =>
            analytics.SummarizeAsync(client, span, CancellationToken.None);

        async Task<bool> AnswersAsync()
        {
            try
            {
                // Like the monitor, whose probe closes the circuit.
                await connection.ProbeAsync(0, database => database.PingAsync());
                await SummarizeAsync();
                return true;
            }
            catch (StoreUnavailableException)
            {
                return false;
            }
        }
    }

    [Test]
    public async Task Stop_StoreIsGone_EndsAndSaysWhatIsMissing()
    {
        await using var server = await RedisServer.StartAsync(ownProcess: true);
        await using var connection = await TestStore.ConnectAsync(server, timeoutMs: 300);
        var logger = new FakeLogger<RedisAnalytics>();
        using var analytics = new RedisAnalytics(
            connection,
            Options.Create(new AnalyticsOptions()),
            TimeProvider.System,
            logger
        );
        var client = await TestStore.RegisterAsync(connection);
        await server.KillAsync();
        analytics.Record(client, Search, LoggedAt(TimeProvider.System.GetUtcNow()), default);

        await analytics.StopAsync(CancellationToken.None);

        Assert.That(logger.Collector.Messages(), Has.Some.Contains("1 checks are missing"));
    }

    private static LogEntry LoggedAt(DateTimeOffset at) =>
        Logged("alice") with
        {
            DecidedAt = at,
            RouteKey = "search",
            MatchedRole = "free",
        };

    private static RedisAnalytics New(RedisConnection connection) =>
        new(
            connection,
            Options.Create(new AnalyticsOptions()),
            TimeProvider.System,
            NullLogger<RedisAnalytics>.Instance
        );
}
