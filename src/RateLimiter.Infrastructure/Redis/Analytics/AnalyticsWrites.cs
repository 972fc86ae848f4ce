using RateLimiter.Domain;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>Divides counts into writes that are short for the store.</summary>
internal sealed class AnalyticsWrites(AnalyticsRetention retention)
{
    /// <summary>The most counts in one call: about a millisecond's work, for which checks have to wait.</summary>
    internal const int MaxItems = 1000;

    private readonly CountParts countParts = new(retention);
    private readonly UserParts userParts = new(retention);
    private readonly SubjectParts subjectParts = new(retention);
    private long number;

    /// <summary>The writes for the counts, in order for each client.</summary>
    public IEnumerable<AnalyticsWrite> Of(DecisionCounts counts)
    {
        var series = counts.Series.ToLookup(count => count.Key.Client);
        userParts.Group(counts.Users);
        subjectParts.Group(counts.Subjects);
        var times = counts.Times.ToLookup(count => count.Key.Client);
        foreach (var checks in series)
        {
            var client = checks.Key;
            var parts = countParts
                .OfSeries(client, [.. checks])
                .Concat(countParts.OfTimes(client, times[client]))
                .Concat(userParts.Of(client))
                .Concat(subjectParts.Of(client))
                .Where(part => !retention.IsOver(part.KeptUntil));
            foreach (var write in Batch(client, checks.Sum(it => it.Value.Checks), parts))
            {
                yield return write;
            }
        }
    }

    private IEnumerable<AnalyticsWrite> Batch(
        ClientId client,
        long checks,
        IEnumerable<AnalyticsPart> parts
    )
    {
        var batch = new List<AnalyticsPart>();
        var items = 0;
        foreach (var part in parts)
        {
            if (items > 0 && items + part.Items > MaxItems)
            {
                yield return Write();
            }

            batch.Add(part);
            items += part.Items;
        }

        if (items > 0)
        {
            yield return Write();
        }

        AnalyticsWrite Write()
        {
            var write = new AnalyticsWrite(
                client,
                ++number,
                [.. batch.Select(part => part.Key)],
                [
                    .. batch.SelectMany(part =>
                        part.Values.Prepend(part.KeptUntil.ToUnixTimeMilliseconds())
                            .Prepend(part.Kind)
                    ),
                ],
                items,
                checks
            );
            checks = 0;
            batch.Clear();
            items = 0;
            return write;
        }
    }
}

/// <summary>What is added for a client in one step, at most once.</summary>
/// <param name="Client">The client.</param>
/// <param name="Number">Higher than the numbers of all earlier writes.</param>
/// <param name="Keys">The keys that it is added to.</param>
/// <param name="Values">What is added.</param>
/// <param name="Items">The amount of work.</param>
/// <param name="Checks">The number of checks: if a write is split, all are in its first part.</param>
internal sealed record AnalyticsWrite(
    ClientId Client,
    long Number,
    RedisKey[] Keys,
    RedisValue[] Values,
    int Items,
    long Checks
);

/// <summary>A part of a write, in the form of the arguments of <c>add_analytics.lua</c>.</summary>
/// <param name="Key">The key that it is added to.</param>
/// <param name="Kind">The kind of update, as the script names it.</param>
/// <param name="KeptUntil">When the key expires.</param>
/// <param name="Values">The arguments for the script.</param>
/// <param name="Items">The amount of work.</param>
internal sealed record AnalyticsPart(
    RedisKey Key,
    string Kind,
    DateTimeOffset KeptUntil,
    IReadOnlyList<RedisValue> Values,
    int Items
);
