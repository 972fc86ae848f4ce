using System.Globalization;
using System.Text;
using RateLimiter.Domain.Policies;

namespace RateLimiter.StoreCost;

/// <summary>The store's memory for a subject that has used all its permits.</summary>
internal static class MemoryTable
{
    private static readonly TimeSpan Window = TimeSpan.FromHours(1);

    private static readonly (string Name, Policy Policy, int Users, int Checks)[] Cases =
    [
        ("fixed_window", Of(Algorithm.FixedWindow, 10), 10_000, 10),
        ("calendar", Of(Algorithm.Calendar, 10), 10_000, 10),
        ("sliding_window", Of(Algorithm.SlidingWindow, 10), 10_000, 10),
        ("token_bucket", Of(Algorithm.TokenBucket, 10), 10_000, 10),
        ("leaky_bucket, burst 1", Of(Algorithm.LeakyBucket, 10), 10_000, 1),
        ("sliding_log, 10 permits", Of(Algorithm.SlidingLog, 10), 10_000, 10),
        ("sliding_log, 100 permits", Of(Algorithm.SlidingLog, 100), 1_000, 100),
        ("sliding_log, 1,000 permits", Of(Algorithm.SlidingLog, 1_000), 100, 1_000),
        ("sliding_log, 10,000 permits", Of(Algorithm.SlidingLog, 10_000), 10, 10_000),
        (
            "three limits: fixed_window, sliding_window, token_bucket",
            Subjects.PolicyOf(
                Subjects.LimitOf("a", Algorithm.FixedWindow, 10, Window),
                Subjects.LimitOf("b", Algorithm.SlidingWindow, 10, Window),
                Subjects.LimitOf("c", Algorithm.TokenBucket, 10, Window)
            ),
            10_000,
            10
        ),
    ];

    public static async Task<string> MeasureAsync(Store store, Subjects subjects)
    {
        var table = new StringBuilder(
            """
            | one subject | keys and values, bytes | with the store's own tables, bytes |
            |---|---:|---:|

            """
        );
        foreach (var (name, policy, users, checks) in Cases)
        {
            await store.EmptyAsync();
            var before = await store.AllBytesAsync();
            await subjects.CheckAsync(policy, users, checks, isAllowed: true);
            var all = await store.AllBytesAsync() - before;
            var keys = await store.KeyBytesAsync();
            table.Append(
                CultureInfo.InvariantCulture,
                $"| {name} | {keys / users:N0} | {all / users:N0} |\n"
            );
        }

        await store.EmptyAsync();
        return table.ToString();
    }

    private static Policy Of(Algorithm algorithm, long permits) =>
        Subjects.PolicyOf(Subjects.LimitOf(Limit.DefaultName, algorithm, permits, Window));
}
