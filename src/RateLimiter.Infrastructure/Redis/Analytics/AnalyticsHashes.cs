using RateLimiter.Application.Analytics;
using RateLimiter.Domain;
using RateLimiter.Domain.Policies;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>Reads the counts of a client from the store.</summary>
internal sealed class AnalyticsHashes(RedisConnection connection)
{
    /// <summary>Reads the counts of all series.</summary>
    public async Task<IEnumerable<SeriesCount>> ReadSeriesAsync(
        ClientId client,
        IEnumerable<KeyedBuckets> buckets,
        CancellationToken cancellationToken
    )
    {
        var hashes = await ReadAsync(client, buckets, cancellationToken);
        return from hash in hashes
            from field in hash.Entries
            let asked = AnalyticsField.Parse(field.Name!)
            from count in TallyText.ReadBuckets(field.Value!)
            let bucket = hash.Buckets.Start + count.Bucket
            where hash.Buckets.Range.Contains(bucket)
            select new SeriesCount(asked, bucket, count.Tally);
    }

    /// <summary>Reads how many decisions took how long, by the buckets of <see cref="DecisionTimes"/>.</summary>
    public async Task<long[]> ReadTimesAsync(
        ClientId client,
        IEnumerable<KeyedBuckets> hours,
        CancellationToken cancellationToken
    )
    {
        var times = new long[DecisionTimes.Count];
        foreach (var (buckets, hash) in await ReadAsync(client, hours, cancellationToken))
        {
            foreach (var hour in hash)
            {
                if (buckets.Range.Contains(buckets.Start + (long)hour.Name))
                {
                    foreach (var (bucket, tally) in TallyText.ReadBuckets(hour.Value!))
                    {
                        times[bucket] += tally.Checks;
                    }
                }
            }
        }

        return times;
    }

    /// <summary>Reads the counts of names, such as users, from hashes; a name can be in several.</summary>
    public async Task<IEnumerable<(string? Name, Tally Tally)>> ReadNamesAsync(
        ClientId client,
        IEnumerable<RedisKey> keys,
        CancellationToken cancellationToken
    )
    {
        var hashes = await ReadAsync(client, [.. keys], cancellationToken);
        return hashes
            .SelectMany(hash => hash)
            .Select(entry => ((string?)entry.Name, TallyText.Read(entry.Value!)));
    }

    /// <summary>Estimates the number of distinct users.</summary>
    public async Task<long> CountUsersAsync(
        ClientId client,
        BucketRange days,
        IEnumerable<long> hours,
        CancellationToken cancellationToken
    )
    {
        RedisKey[] keys =
        [
            .. days.ToNumbers().Select(day => RedisKeys.AnalyticsUsersOfDay(client, day)),
            .. hours.Select(hour => RedisKeys.AnalyticsUsersOfHour(client, hour)),
        ];
        return keys is []
            ? 0
            : await connection.AskAsync(
                RedisKeys.Client(client),
                database => database.HyperLogLogLengthAsync(keys, CommandFlags.DemandMaster),
                connection.AdministrativeTimeout,
                cancellationToken
            );
    }

    private async Task<IEnumerable<(KeyedBuckets Buckets, HashEntry[] Entries)>> ReadAsync(
        ClientId client,
        IEnumerable<KeyedBuckets> buckets,
        CancellationToken cancellationToken
    )
    {
        var all = buckets.ToList();
        var hashes = await ReadAsync(client, [.. all.Select(each => each.Key)], cancellationToken);
        return all.Zip(hashes);
    }

    private Task<HashEntry[][]> ReadAsync(
        ClientId client,
        IReadOnlyList<RedisKey> keys,
        CancellationToken cancellationToken
    ) =>
        connection.AskAsync(
            RedisKeys.Client(client),
            database =>
                Task.WhenAll(
                    keys.Select(key => database.HashGetAllAsync(key, CommandFlags.DemandMaster))
                ),
            connection.AdministrativeTimeout,
            cancellationToken
        );
}

/// <param name="Asked">The route and role that were asked for; null when they are not distinguished.</param>
/// <param name="Bucket">The bucket, by its number since 1970.</param>
/// <param name="Tally">The counts of its checks.</param>
internal readonly record struct SeriesCount(
    (PolicyKey Asked, bool IsCatchAll)? Asked,
    long Bucket,
    Tally Tally
);
