using System.Security.Cryptography;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>
/// Writes the counts. A failed write may have been applied: it is sent again unchanged until the store has replied, and
/// the store detects repetitions by its number. New counts of the same client wait meanwhile.
/// </summary>
internal sealed class AnalyticsWriter(RedisConnection connection, AnalyticsRetention retention)
{
    /// <summary>
    /// The most distinct series that are stored for a client in an hour or a day; further ones are merged.
    /// </summary>
    internal const int MaxSeries = 200;

    /// <summary>
    /// The most users, or values of a subject, that are stored for an hour; when there are more, the 200 with the most checks
    /// stay.
    /// </summary>
    internal const int MaxNames = 300;

    /// <summary>
    /// How long the store remembers the number of the last write. After an outage of this length, a write may count
    /// twice.
    /// </summary>
    private static readonly TimeSpan Memory = TimeSpan.FromDays(1);

    private static readonly RedisScript Add = RedisScript.Load("add_analytics");

    private readonly string instance = RandomNumberGenerator.GetHexString(12, lowercase: true);
    private readonly AnalyticsWrites writes = new(retention);
    private readonly DecisionCounts waiting = new();
    private readonly DecisionCounts taken = new();
    private readonly Dictionary<ClientId, Queue<AnalyticsWrite>> unwritten = [];
    private long written;

    /// <summary>How many checks were written.</summary>
    public long Written => Interlocked.Read(ref written);

    /// <summary>How many checks are not written yet.</summary>
    public long Checks =>
        waiting.Checks + unwritten.Values.Sum(queue => queue.Sum(it => it.Checks));

    /// <summary>Whether some counts of a client are not written yet.</summary>
    public bool IsBehind(ClientId client) => unwritten.ContainsKey(client);

    /// <summary>Takes over the counts, to be written next. The argument is empty afterwards.</summary>
    public void Take(DecisionCounts counts) => waiting.Take(counts);

    /// <summary>Writes everything that can be written. Not reentrant.</summary>
    public async Task WriteAsync(CancellationToken cancellationToken)
    {
        Prepare();
        var failed = new HashSet<int>(connection.Map.Shards.Where(connection.IsUnavailable));
        while (true)
        {
            var next = unwritten
                .Values.Select(queue => queue.Peek())
                .Where(write => !failed.Contains(ShardOf(write)))
                .ToList();
            if (next.Count == 0)
            {
                break;
            }

            foreach (var call in Batch(next))
            {
                // One call after the other, so that checks get their turn in between.
                var shard = ShardOf(call[0]);
                if (failed.Contains(shard))
                {
                    continue;
                }

                try
                {
                    await SendAsync(call, cancellationToken);
                    call.ForEach(Forget);
                }
                catch (StoreUnavailableException)
                {
                    failed.Add(shard);
                }
            }
        }
    }

    private void Prepare()
    {
        waiting.MoveExcept(unwritten.Keys.ToHashSet(), taken);
        foreach (var write in writes.Of(taken))
        {
            if (!unwritten.TryGetValue(write.Client, out var queue))
            {
                unwritten.Add(write.Client, queue = []);
            }

            queue.Enqueue(write);
        }

        taken.Clear();
    }

    private void Forget(AnalyticsWrite write)
    {
        Interlocked.Add(ref written, write.Checks);
        var queue = unwritten[write.Client];
        queue.Dequeue();
        if (queue.Count == 0)
        {
            unwritten.Remove(write.Client);
        }
    }

    // A call has the writes of many clients, so that the number of calls stays small; in a cluster, those of one slot.
    private IEnumerable<List<AnalyticsWrite>> Batch(IEnumerable<AnalyticsWrite> all)
    {
        var call = new List<AnalyticsWrite>();
        var items = 0;
        foreach (var write in connection.IsCluster ? all.OrderBy(SlotOf) : all)
        {
            if (
                call.Count > 0
                && (
                    items + write.Items > AnalyticsWrites.MaxItems
                    || SlotOf(write) != SlotOf(call[0])
                )
            )
            {
                yield return call;
                call = [];
                items = 0;
            }

            call.Add(write);
            items += write.Items;
        }

        if (call.Count > 0)
        {
            yield return call;
        }
    }

    private Task<RedisResult> SendAsync(
        List<AnalyticsWrite> call,
        CancellationToken cancellationToken
    )
    {
        RedisKey[] keys =
        [
            .. call.SelectMany(write =>
                write
                    .Keys.Prepend(RedisKeys.AnalyticsWritten(write.Client, instance))
                    .Prepend(RedisKeys.Client(write.Client))
            ),
        ];
        RedisValue[] values =
        [
            MaxSeries,
            MaxNames,
            (long)Memory.TotalMilliseconds,
            .. call.SelectMany(write =>
                write
                    .Values.Prepend(write.Values.Length)
                    .Prepend(write.Keys.Length)
                    .Prepend(write.Number)
            ),
        ];
        connection.Room.Ensure();
        return connection.AskAsync(
            keys[0],
            database => Add.EvaluateAsync(database, keys, values),
            connection.AdministrativeTimeout,
            cancellationToken
        );
    }

    private int SlotOf(AnalyticsWrite write) => connection.SlotOf(RedisKeys.Client(write.Client));

    private int ShardOf(AnalyticsWrite write) => connection.ShardOf(RedisKeys.Client(write.Client));
}
