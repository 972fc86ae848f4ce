using RateLimiter.Domain.Policies;

namespace RateLimiter.Domain.Checks;

// Several counters at once, of which all give what is asked for, or none.
public abstract partial record Counter
{
    /// <summary>
    /// Takes a cost from all limits or from none: the <see cref="LimitStatus.Wait"/> of each limit says whether the cost
    /// passes.
    /// </summary>
    /// <param name="counters">One counter for each limit; replaced by the updated counters.</param>
    /// <param name="limits">The limits, in the same order.</param>
    /// <param name="now">The time.</param>
    /// <param name="cost">The permits to take; 0 only reads the counters.</param>
    public static IReadOnlyList<LimitStatus> Acquire(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        long cost
    ) => Acquire(counters, limits, now, cost, minCost: cost);

    /// <inheritdoc cref="Acquire(Counter[], IReadOnlyList{Limit}, long, long)"/>
    /// <param name="counters">One counter for each limit; replaced by the updated counters.</param>
    /// <param name="limits">The limits, in the same order.</param>
    /// <param name="now">The time.</param>
    /// <param name="cost">The permits to take; 0 only reads the counters.</param>
    /// <param name="minCost">
    /// The fewest permits to take, when fewer than the cost are left: what is left, the same number from each limit. The waits are
    /// for these.
    /// </param>
    /// <param name="terms">How a reservation holds slots; null for a check, which takes none.</param>
    public static IReadOnlyList<LimitStatus> Acquire(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        long cost,
        long minCost,
        ReservationTerms? terms = null
    )
    {
        var before = At(counters, limits, now);
        cost = Affordable(before, limits, now, cost, minCost);
        var waits = before
            .Select(
                (counter, i) => counter.Wait(limits[i], now, Demand.CostOf(limits[i], cost, terms))
            )
            .ToArray();
        if (waits.All(wait => wait == 0))
        {
            Take(counters, before, limits, now, cost, terms);
        }

        return Statuses(counters, limits, now, before, waits);
    }

    /// <summary>
    /// Takes a cost from all limits or from none, as <see cref="Acquire(Counter[], IReadOnlyList{Limit}, long, long, long, ReservationTerms?)"/> does.
    /// Without the figures, for which it would have to search, it is fast enough for many checks.
    /// </summary>
    /// <param name="counters">One counter for each limit; replaced by the updated counters.</param>
    /// <param name="limits">The limits, in the same order.</param>
    /// <param name="now">The time.</param>
    /// <param name="cost">The permits to take; 0 only reads the counters.</param>
    /// <param name="minCost">The fewest permits to take, when fewer than the cost are left.</param>
    /// <param name="terms">How a reservation holds slots; null for a check, which takes none.</param>
    /// <returns>The permits that were taken; null when the check is denied.</returns>
    public static long? TryAcquire(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        long cost,
        long minCost,
        ReservationTerms? terms = null
    )
    {
        var before = At(counters, limits, now);
        cost = Affordable(before, limits, now, cost, minCost);
        for (var i = 0; i < counters.Length; i++)
        {
            var asked = Demand.CostOf(limits[i], cost, terms);
            if (IsNever(limits[i], asked) || !before[i].Allows(limits[i], now, asked))
            {
                return null;
            }
        }

        Take(counters, before, limits, now, cost, terms);
        return cost;
    }

    /// <summary>Gives permits back to every limit, at most up to the limit.</summary>
    /// <param name="counters">One counter for each limit; replaced by the updated counters.</param>
    /// <param name="limits">The limits, in the same order.</param>
    /// <param name="now">The time.</param>
    /// <param name="cost">The permits to give back.</param>
    public static IReadOnlyList<LimitStatus> Refund(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        long cost
    )
    {
        var before = At(counters, limits, now);
        for (var i = 0; i < counters.Length && cost > 0; i++)
        {
            // A limit of 0 has no permits to give back.
            if (before[i].Used(limits[i], now) > 0 && limits[i].Permits > 0)
            {
                counters[i] = before[i].Refund(cost);
            }
        }

        return Statuses(counters, limits, now, before, new long[counters.Length]);
    }

    private static Counter[] At(Counter[] counters, IReadOnlyList<Limit> limits, long now)
    {
        for (var i = 0; i < counters.Length; i++)
        {
            if (counters[i].IsFromWrongClock(limits[i], now))
            {
                counters[i] = Create(limits[i].Algorithm);
            }
        }

        return [.. counters.Select((counter, i) => counter.At(limits[i], now))];
    }

    private static long Affordable(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        long cost,
        long minCost
    )
    {
        // The permits that are left matter only to callers who are content with fewer.
        for (var i = 0; i < counters.Length && cost > minCost; i++)
        {
            if (limits[i] is not ConcurrencyLimit)
            {
                cost = Math.Min(cost, Math.Max(minCost, counters[i].Remaining(limits[i], now)));
            }
        }

        return cost;
    }

    private static void Take(
        Counter[] counters,
        Counter[] before,
        IReadOnlyList<Limit> limits,
        long now,
        long cost,
        ReservationTerms? terms
    )
    {
        for (var i = 0; i < counters.Length; i++)
        {
            if (terms is not null && limits[i] is ConcurrencyLimit)
            {
                counters[i] = before[i].Hold(limits[i], now, terms);
            }
            else if (cost > 0 && limits[i] is not ConcurrencyLimit)
            {
                counters[i] = before[i].Acquire(limits[i], now, cost);
            }
        }
    }

    private static LimitStatus[] Statuses(
        Counter[] counters,
        IReadOnlyList<Limit> limits,
        long now,
        Counter[] before,
        long[] waits
    ) =>
        [
            .. At(counters, limits, now)
                .Select(
                    (counter, i) =>
                        counter.Status(limits[i], now, waits[i], before[i].Used(limits[i], now))
                ),
        ];
}
