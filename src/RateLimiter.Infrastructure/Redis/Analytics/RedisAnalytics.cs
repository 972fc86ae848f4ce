using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Analytics;
using RateLimiter.Application.Background;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>
/// Checks are counted in memory, striped by processor so that checks do not contend, and written once a second. A read
/// first waits until they are written.
/// </summary>
internal sealed class RedisAnalytics : RepeatingService, IAnalytics
{
    /// <summary>How long a check is counted on this instance only.</summary>
    internal static readonly TimeSpan WriteInterval = TimeSpan.FromSeconds(1);

    private readonly RedisConnection connection;
    private readonly AnalyticsOptions options;
    private readonly ILogger logger;
    private readonly AnalyticsWriter writer;
    private readonly AnalyticsReader reader;
    private readonly Stripe[] stripes =
    [
        .. Enumerable.Range(0, Environment.ProcessorCount).Select(_ => new Stripe()),
    ];
    private readonly SemaphoreSlim writing = new(1);
    private long lost;

    public RedisAnalytics(
        RedisConnection connection,
        IOptions<AnalyticsOptions> options,
        TimeProvider time,
        ILogger<RedisAnalytics> logger
    )
        : base("The writer of the analytics", WriteInterval, time, logger)
    {
        this.connection = connection;
        this.options = options.Value;
        this.logger = logger;
        var retention = new AnalyticsRetention(this.options, time);
        writer = new AnalyticsWriter(connection, retention);
        reader = new AnalyticsReader(new AnalyticsHashes(connection), retention);
    }

    /// <summary>The number of checks that are counted and not written yet.</summary>
    internal long Waiting =>
        // Read first: checks that are counted in between must not make the difference negative.
        -writer.Written + stripes.Sum(stripe => stripe.Added);

    /// <summary>The number of checks that could not be written before the service stopped.</summary>
    internal long Lost => Interlocked.Read(ref lost);

    public void Record(ClientId client, Policy policy, LogEntry decision, TimeSpan took)
    {
        if (options.Enabled)
        {
            stripes[Thread.GetCurrentProcessorId() % stripes.Length]
                .Add(client, policy, decision, took);
        }
    }

    public async Task<AnalyticsSummary> SummarizeAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        await WriteAsync(client, cancellationToken);
        return await reader.SummarizeAsync(client, span, cancellationToken);
    }

    public async Task<IReadOnlyList<AnalyticsBucket>> ListBucketsAsync(
        ClientId client,
        AnalyticsSpan span,
        BucketSize bucket,
        string? routeKey,
        string? role,
        CancellationToken cancellationToken
    )
    {
        await WriteAsync(client, cancellationToken);
        return await reader.ListBucketsAsync(
            client,
            span,
            bucket,
            routeKey,
            role,
            cancellationToken
        );
    }

    public async Task<TopEntries> ListTopAsync(
        ClientId client,
        AnalyticsSpan span,
        TopDimension by,
        string? subject,
        TopMetric measure,
        int count,
        CancellationToken cancellationToken
    )
    {
        await WriteAsync(client, cancellationToken);
        return await reader.ListTopAsync(
            client,
            span,
            by,
            subject,
            measure,
            count,
            cancellationToken
        );
    }

    public async Task<IReadOnlyDictionary<PolicyKey, Tally>> TallyPoliciesAsync(
        ClientId client,
        AnalyticsSpan span,
        CancellationToken cancellationToken
    )
    {
        await WriteAsync(client, cancellationToken);
        return await reader.TallyPoliciesAsync(client, span, cancellationToken);
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        try
        {
            await WriteAllAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            // The shutdown time-out is over.
        }

        if (writer.Checks is > 0 and var left)
        {
            Interlocked.Exchange(ref lost, left);
            logger.ChecksNotCounted(left);
        }
    }

    public override void Dispose()
    {
        writing.Dispose();
        base.Dispose();
    }

    protected override Task WorkAsync(CancellationToken stoppingToken) =>
        WriteAllAsync(stoppingToken);

    /// <summary>Waits until everything that was counted for a client before is written.</summary>
    private async Task WriteAsync(ClientId client, CancellationToken cancellationToken)
    {
        try
        {
            // The write continues when this caller gives up: others may wait for it too.
            await WriteAllAsync(CancellationToken.None)
                .WaitAsync(connection.AdministrativeTimeout, connection.Clock, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new StoreUnavailableException("The counts could not be written.", exception);
        }

        // What waits while the store is full is written when it has room again.
        if (writer.IsBehind(client) && !connection.IsFull())
        {
            throw new StoreUnavailableException("The counts could not be written.");
        }
    }

    private async Task WriteAllAsync(CancellationToken cancellationToken)
    {
        await writing.WaitAsync(cancellationToken);
        try
        {
            foreach (var stripe in stripes)
            {
                writer.Take(stripe.TakeCounts());
            }

            await writer.WriteAsync(cancellationToken);
        }
        finally
        {
            writing.Release();
        }
    }

    /// <summary>The counts of the checks that are decided on (approximately) one processor.</summary>
    private sealed class Stripe
    {
        private readonly Lock gate = new();
        private DecisionCounts counts = new();
        private DecisionCounts spare = new();
        private long added;

        /// <summary>The number of checks that were ever counted.</summary>
        public long Added => Interlocked.Read(ref added);

        public void Add(ClientId client, Policy policy, in LogEntry decision, TimeSpan took)
        {
            lock (gate)
            {
                counts.Add(client, policy, decision, took);
                added++;
            }
        }

        /// <summary>The counts since the last call. The caller must have emptied them before the next call.</summary>
        public DecisionCounts TakeCounts()
        {
            lock (gate)
            {
                (counts, spare) = (spare, counts);
                return spare;
            }
        }
    }
}
