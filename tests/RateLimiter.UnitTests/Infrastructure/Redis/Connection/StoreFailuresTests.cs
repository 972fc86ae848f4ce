using Microsoft.Extensions.Logging.Testing;
using Microsoft.Extensions.Time.Testing;
using RateLimiter.Application.Stores;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.UnitTests.Infrastructure.Redis.Connection;

/// <summary>What exceptions of the client library mean to callers.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class StoreFailuresTests : IAsyncDisposable
{
    private static readonly Exception[] OfTheStore =
    [
        new RedisException("x"),
        new RedisCommandException("x"),
        new RedisServerException(RedisErrorKind.UnknownError, CommandFlags.None, "x"),
        new RedisConnectionException(
            ConnectionFailureType.SocketFailure,
            CommandFlags.None,
            "x",
            null,
            CommandStatus.Sent
        ),
        new TimeoutException(),
        new ObjectDisposedException("x"),
        new IOException(),
        new OperationCanceledException(),
    ];

    private readonly FakeLogger logger = new();
    private readonly StoreRoom room = new();
    private readonly RedisLink link;
    private readonly ShardStates states;
    private readonly StoreFailures failures;

    public StoreFailuresTests()
    {
        var time = new FakeTimeProvider(TestData.Moment);
        link = new RedisLink(TimeSpan.FromSeconds(1), time, logger);
        states = new ShardStates(new ClusterMap(link), room, time, logger);
        failures = new StoreFailures(link, states, time, logger);
    }

    public ValueTask DisposeAsync() => link.DisposeAsync();

    [TestCaseSource(nameof(OfTheStore))]
    public void IsFailure_OfTheStore_IsOne(Exception exception) =>
        Assert.That(StoreFailures.IsFailure(exception, CancellationToken.None));

    [Test]
    public void IsFailure_CancelledByItsCaller_IsNone() =>
        Assert.That(
            StoreFailures.IsFailure(
                new OperationCanceledException(),
                new CancellationToken(canceled: true)
            ),
            Is.False
        );

    [Test]
    public void IsFailure_BugOfTheService_IsNone() =>
        Assert.That(
            StoreFailures.IsFailure(new InvalidOperationException(), CancellationToken.None),
            Is.False
        );

    [TestCaseSource(nameof(OfTheStore))]
    public void Explain_OfTheStore_IsUnavailableBecauseOfIt(Exception exception)
    {
        var explained = failures.Explain(shard: 0, exception);

        Assert.That(explained, Is.TypeOf<StoreUnavailableException>());
        Assert.That(explained.InnerException, Is.SameAs(exception));
        Assert.That(logger.Collector.Count, Is.Zero);
    }

    [Test]
    public void Explain_OutOfMemory_FillsTheShardAndTheStore()
    {
        var explained = failures.Explain(
            shard: 0,
            new RedisServerException(RedisErrorKind.OutOfMemory, CommandFlags.None, "OOM")
        );

        Assert.That(explained, Is.TypeOf<StoreFullException>());
        Assert.That(states.IsFull(0));
        Assert.That(room.IsFull);
        Assert.That(logger.Collector.GetSnapshot().Single().Id.Id, Is.EqualTo(17));
    }

    [Test]
    public void Explain_MissingRight_IsLoggedOnce()
    {
        var denial = new RedisServerException(
            RedisErrorKind.UnknownError,
            CommandFlags.None,
            "NOPERM no 'scan'"
        );

        failures.Explain(shard: 0, denial);
        failures.Explain(shard: 0, denial);

        Assert.That(logger.Collector.GetSnapshot().Single().Id.Id, Is.EqualTo(20));
    }

    [Test]
    public void Report_AgainAndAgain_IsLoggedTenTimesAMinute()
    {
        for (var i = 0; i < 20; i++)
        {
            failures.Report("WRONGTYPE");
        }

        Assert.That(logger.Collector.Count, Is.EqualTo(10));
    }
}
