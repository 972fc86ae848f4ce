using System.Collections.Concurrent;
using RateLimiting.Client.Generated;

namespace RateLimiting.Client;

/// <summary>Extends the open reservations of the process, all that are due in one request.</summary>
internal sealed class ReservationKeeper : IDisposable
{
    /// <summary>The most reservations of a request.</summary>
    private const int MaxItems = 1000;

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(250);

    private readonly ConcurrentDictionary<RateLimitReservation, long> extendedAt = new();
    private readonly RateLimiterApi api;
    private readonly TimeProvider time;
    private readonly Lazy<ITimer> timer;
    private int isExtending;

    public ReservationKeeper(RateLimiterApi api, TimeProvider time)
    {
        this.api = api;
        this.time = time;
        timer = new(() => time.CreateTimer(_ => _ = ExtendDueAsync(), null, Interval, Interval));
    }

    /// <summary>Extends a reservation from now on.</summary>
    /// <param name="reservation">The reservation.</param>
    /// <param name="asked">When it was asked for, by the clock's timestamp: it may expire as long after.</param>
    public void Keep(RateLimitReservation reservation, long asked)
    {
        extendedAt[reservation] = asked;
        _ = timer.Value;
    }

    /// <summary>Does not extend it any more.</summary>
    public void Drop(RateLimitReservation reservation) => extendedAt.TryRemove(reservation, out _);

    public void Dispose()
    {
        if (timer.IsValueCreated)
        {
            timer.Value.Dispose();
        }
    }

    private async Task ExtendDueAsync()
    {
        // An extension may take longer than the interval.
        if (Interlocked.Exchange(ref isExtending, 1) == 1)
        {
            return;
        }

        try
        {
            var due = extendedAt
                .Where(it => time.GetElapsedTime(it.Value) >= it.Key.TimeToLive / 3)
                .Select(it => it.Key);
            foreach (var some in due.Chunk(MaxItems).ToList())
            {
                await ExtendAsync(some).ConfigureAwait(false);
            }
        }
        finally
        {
            Volatile.Write(ref isExtending, 0);
        }
    }

    private async Task ExtendAsync(RateLimitReservation[] reservations)
    {
        var asked = time.GetTimestamp();
        IList<ExtendResult>? results = null;
        try
        {
            var answer = await api.ExtendReservationsAsync(
                    new ExtendBatchRequest
                    {
                        Items =
                        [
                            .. reservations.Select(it => new ExtendItem
                            {
                                ReservationId = it.Id!,
                                TtlSeconds = (int)it.TimeToLive.TotalSeconds,
                            }),
                        ],
                    }
                )
                .ConfigureAwait(false);
            results = [.. answer.Results];
        }
        catch (Exception exception)
            when (exception is RateLimiterUnavailableException or RateLimiterApiException)
        {
            // The next attempt may succeed before they expire.
        }

        for (var i = 0; i < reservations.Length; i++)
        {
            var isGone =
                RateLimiterProblem.Parse(results?[i].Error?.ToString()) is { Status: 404 or 409 };
            if (results is not null && results[i].Error is null)
            {
                // Unless it was dropped meanwhile.
                if (extendedAt.TryGetValue(reservations[i], out var before))
                {
                    extendedAt.TryUpdate(reservations[i], asked, before);
                }
            }
            else if (isGone || IsExpired(reservations[i]))
            {
                reservations[i].Lose();
            }
        }
    }

    private bool IsExpired(RateLimitReservation reservation) =>
        extendedAt.TryGetValue(reservation, out var since)
        && time.GetElapsedTime(since) >= reservation.TimeToLive;
}
