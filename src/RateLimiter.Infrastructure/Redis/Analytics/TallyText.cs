using System.Globalization;
using RateLimiter.Application.Analytics;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>
/// Counts as the store keeps them: checks, denied, shadow denied and degraded, separated by commas and without trailing
/// zeros.
/// </summary>
internal static class TallyText
{
    private const int MaxCounts = 4;

    public static string Write(Tally tally) =>
        tally switch
        {
            { Degraded: > 0 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Checks},{tally.Denied},{tally.ShadowDenied},{tally.Degraded}"
            ),
            { ShadowDenied: > 0 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Checks},{tally.Denied},{tally.ShadowDenied}"
            ),
            { Denied: > 0 } => string.Create(
                CultureInfo.InvariantCulture,
                $"{tally.Checks},{tally.Denied}"
            ),
            _ => tally.Checks.ToString(CultureInfo.InvariantCulture),
        };

    public static Tally Read(string counts)
    {
        Span<long> all = stackalloc long[MaxCounts];
        var i = 0;
        foreach (var count in counts.AsSpan().Split(','))
        {
            all[i++] = long.Parse(counts.AsSpan(count), CultureInfo.InvariantCulture);
        }

        return new Tally(all[0], all[0] - all[1], all[1], all[2], all[3]);
    }

    /// <summary>Reads the counts of buckets: <c> BUCKET:COUNTS BUCKET:COUNTS</c>.</summary>
    public static IEnumerable<(int Bucket, Tally Tally)> ReadBuckets(string entries) =>
        entries
            .Split(' ', StringSplitOptions.RemoveEmptyEntries)
            .Select(entry => entry.Split(':'))
            .Select(parts => (int.Parse(parts[0], CultureInfo.InvariantCulture), Read(parts[1])));
}
