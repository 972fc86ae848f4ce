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
/// Checks are counted in memory, where each processor has counts of its own, so that checks do not wait for each other, and
/// written once a second. Whoever reads has them written first.
/// </summary>
internal sealed class RedisAnalytics : RepeatingService, IAnalytics
{
    /// <summary>How long a check is counted here alone.</summary>
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
        : base("The writing of the analytics", WriteInterval, time, logger)
    {
        this.connection = connection;
        this.options = options.Value;
        this.logger = logger;
        writer = new AnalyticsWriter(connection, this.options, time);
        reader = new AnalyticsReader(connection, this.options, time);
    }

    /// <summary>How many checks are counted and not written yet.</summary>
    internal long Waiting =>
        // Written first: what is counted meanwhile must not make it negative.
        -writer.Written + stripes.Sum(stripe => stripe.Added);

    /// <summary>How many checks could not be written before the end.</summary>
    internal long Lost => Interlocked.Read(ref lost);

    public void Record(ClientId client, PolicyKey policy, LoggedDecision decision, TimeSpan took)
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

    public async Task<IReadOnlyList<TopEntry>> ListTopAsync(
        ClientId client,
        AnalyticsSpan span,
        TopDimension by,
        TopMetric measure,
        int count,
        CancellationToken cancellationToken
    )
    {
        await WriteAsync(client, cancellationToken);
        return await reader.ListTopAsync(client, span, by, measure, count, cancellationToken);
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
            // Its time is over.
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

    /// <summary>Waits until everything that was counted of a client before is written.</summary>
    private async Task WriteAsync(ClientId client, CancellationToken cancellationToken)
    {
        try
        {
            // It goes on without who waits for it: others may wait for it too.
            await WriteAllAsync(CancellationToken.None)
                .WaitAsync(connection.AdministrativeTimeout, connection.Clock, cancellationToken);
        }
        catch (TimeoutException exception)
        {
            throw new StoreUnavailableException("The counts could not be written.", exception);
        }

        // What waits while the store is full is written when it has room.
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

    /// <summary>The counts of the checks that one processor decides, more or less.</summary>
    private sealed class Stripe
    {
        private readonly Lock gate = new();
        private DecisionCounts counts = new();
        private DecisionCounts spare = new();
        private long added;

        /// <summary>How many checks were ever counted.</summary>
        public long Added => Interlocked.Read(ref added);

        public void Add(ClientId client, PolicyKey policy, LoggedDecision decision, TimeSpan took)
        {
            lock (gate)
            {
                counts.Add(client, policy, decision, took);
                added++;
            }
        }

        /// <summary>What was counted since the last time. It must be empty when it is called again.</summary>
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
