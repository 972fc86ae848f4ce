using System.Collections.Concurrent;
using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Options;
using RateLimiter.Application.Background;
using RateLimiter.Application.Quotas;
using RateLimiter.Application.Stores;
using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Reservations;

/// <summary>
/// Limits the open reservations of one client, over all instances. The store has them in a sorted set by their expiry, which every
/// instance writes behind; an instance asks it only where it cannot be certain. Checks are not concerned.
/// </summary>
/// <remarks>
/// The set is approximate: changes of the last <see cref="Interval"/> are missing from it, and those of an instance that was killed
/// then stay missing. An instance that the store does not answer admits what it knows to be within the quota.
/// </remarks>
internal sealed class ReservationQuota(
    RedisConnection connection,
    IOptions<QuotaOptions> options,
    TimeProvider time,
    ILogger<ReservationQuota> logger
) : RepeatingService("The writer of the open reservations", Interval, time, logger)
{
    internal static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    /// <summary>How long a refusal is certain, so that refused callers do not load the store.</summary>
    private static readonly TimeSpan RefusedFor = TimeSpan.FromMilliseconds(100);

    /// <summary>How often the store is asked without changes, to notice what expired and what other instances did.</summary>
    private static readonly TimeSpan Refresh = TimeSpan.FromSeconds(5);

    /// <summary>How many clients are written at once.</summary>
    private const int AtOnce = 16;

    private static readonly RedisScript Count = RedisScript.Load("count_reservations");

    private readonly ConcurrentDictionary<ClientId, Entry> entries = new();
    private long expired;

    /// <summary>The open reservations of the clients that this instance knows of.</summary>
    internal long Open => entries.Values.Sum(entry => entry.Reservations.Counted);

    /// <summary>The reservations that expired unsettled, where this instance was the first to notice.</summary>
    internal long Expired => Interlocked.Read(ref expired);

    /// <summary>Makes room for a reservation, until <see cref="Leave"/>. False when too many are open.</summary>
    /// <param name="client">The client that makes it.</param>
    public async ValueTask<bool> TryEnterAsync(ClientId client)
    {
        var entry = Of(client);
        if (entry.Reservations.TryEnter(isAsked: false))
        {
            return true;
        }

        if (entry.RefusedAt is not 0 and var refused && Time.GetElapsedTime(refused) < RefusedFor)
        {
            return false;
        }

        await WriteAsync(client, entry);
        var isAdmitted = entry.Reservations.TryEnter(isAsked: true);
        entry.RefusedAt = isAdmitted ? 0 : Time.GetTimestamp();
        return isAdmitted;
    }

    /// <summary>The reservation was made, or not.</summary>
    public void Leave(ClientId client) => Of(client).Reservations.Leave();

    /// <summary>A reservation was made or extended.</summary>
    /// <param name="client">The client that made it.</param>
    /// <param name="id">Its id.</param>
    /// <param name="expires">When it expires, in microseconds since 1970.</param>
    public void Add(ClientId client, string id, long expires) =>
        Of(client).Reservations.Open(id, expires);

    /// <summary>A reservation was settled.</summary>
    public void Remove(ClientId client, string id) => Of(client).Reservations.Settle(id);

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        await WorkAsync(cancellationToken);
    }

    protected override async Task WorkAsync(CancellationToken stoppingToken)
    {
        foreach (var entry in entries.Where(it => !it.Value.IsUsed(Time, Refresh)))
        {
            // A reservation that is added just now would be lost with it. It expires by itself, and the quota is approximate.
            entries.TryRemove(entry);
        }

        foreach (var due in entries.Where(it => it.Value.IsDue(Time, Refresh)).Chunk(AtOnce))
        {
            await Task.WhenAll(due.Select(it => WriteAsync(it.Key, it.Value)))
                .WaitAsync(stoppingToken);
        }
    }

    private Entry Of(ClientId client)
    {
        var entry = entries.GetOrAdd(
            client,
            static (_, quota) => new Entry(quota),
            options.Value.OpenReservations
        );
        entry.UsedAt = Time.GetTimestamp();
        return entry;
    }

    /// <summary>Writes what changed, or waits for the call that does.</summary>
    private Task WriteAsync(ClientId client, Entry entry)
    {
        lock (entry)
        {
            return entry.Writing = entry.Writing is { IsCompleted: false } running
                ? running
                : WriteAllAsync(client, entry);
        }
    }

    private async Task WriteAllAsync(ClientId client, Entry entry)
    {
        // Under load without end, later changes are left to the next call.
        for (var calls = 0; calls == 0 || (entry.Reservations.HasChanges && calls < 10); calls++)
        {
            var changes = entry.Reservations.Take();
            try
            {
                var reply = (long[])(await SendAsync(RedisKeys.OpenReservations(client), changes))!;
                entry.Reservations.Know(reply[0]);
                Interlocked.Add(ref expired, reply[1]);
                entry.WrittenAt = Time.GetTimestamp();
            }
            catch (StoreUnavailableException)
            {
                var now = Time.GetUtcNow() - DateTimeOffset.UnixEpoch;
                entry.Reservations.PutBack((long)now.TotalMicroseconds);
                return;
            }
        }
    }

    private Task<RedisResult> SendAsync(RedisKey key, ReservationChanges changes)
    {
        RedisValue[] values =
        [
            changes.Settled.Count,
            .. changes.Settled.Select(id => (RedisValue)id),
            .. changes.Opened.SelectMany(it =>
                new RedisValue[] { it.Value.ToString(CultureInfo.InvariantCulture), it.Key }
            ),
        ];
        return connection.AskAsync(
            key,
            database => Count.EvaluateAsync(database, [key], values),
            connection.CheckTimeout,
            CancellationToken.None
        );
    }

    private sealed class Entry(long quota)
    {
        public ClientReservations Reservations { get; } = new(quota);

        public Task? Writing { get; set; }

        /// <summary>A timestamp; 0 when it was not refused last.</summary>
        public long RefusedAt { get; set; }

        public long UsedAt { get; set; }

        /// <summary>A timestamp; 0 for never.</summary>
        public long WrittenAt { get; set; }

        public bool IsDue(TimeProvider time, TimeSpan refresh) =>
            Reservations.HasChanges || WrittenAt == 0 || time.GetElapsedTime(WrittenAt) >= refresh;

        public bool IsUsed(TimeProvider time, TimeSpan refresh) =>
            Reservations.HasChanges
            || Reservations.Counted > 0
            || time.GetElapsedTime(UsedAt) < refresh;
    }
}
