using System.Text.Json.Serialization;
using RateLimiter.Application.Policies;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Api.Policies;

/// <summary>
/// The fields of a limit, in requests and responses, alone or as the only limit of a policy. Each class that has them is flattened
/// in the OpenAPI document: this one would mean nothing to clients.
/// </summary>
public abstract record LimitBody
{
    /// <summary>Permits per window, or slots of a concurrency limit, 0 to 1,000,000,000; 0 blocks everything.</summary>
    public long? Limit { get; init; }

    /// <summary>The window in seconds, 1 to 31,536,000; not of a calendar or concurrency limit.</summary>
    public long? WindowSeconds { get; init; }

    /// <summary>How permits are counted; fixed_window when omitted.</summary>
    public Algorithm? Algorithm { get; init; }

    /// <summary>The size of a token_bucket (default: limit) or leaky_bucket (default: 1).</summary>
    public long? Burst { get; init; }

    /// <summary>
    /// The subjects whose counter it has, such as <c>["org"]</c> or <c>["org", "user_id"]</c>: a set of at most 9; <c>[]</c> is one
    /// counter for all. <c>["user_id"]</c> when omitted.
    /// </summary>
    public IReadOnlyList<string?>? Per { get; init; }

    /// <summary>
    /// What it does with a check that does not name all of them: "reject" makes the check a bad request, which is the default, and
    /// "skip" does not ask this limit.
    /// </summary>
    public MissingSubjects? WhenMissing { get; init; }

    /// <summary>The period of a calendar limit, which has no window.</summary>
    public CalendarUnit? Period { get; init; }

    /// <summary>
    /// The IANA name of the time zone whose calendar it is, such as Europe/Berlin. UTC when omitted.
    /// </summary>
    public string? TimeZone { get; init; }

    /// <summary>
    /// A local date, or date and time, of 1970 to 2100 without offset, at which a period begins, such as 2026-01-31; the
    /// calendar's own when omitted, with weeks on Monday.
    /// </summary>
    public string? Anchor { get; init; }

    /// <summary>All of these fields at once.</summary>
    [JsonIgnore]
    internal LimitFields Fields
    {
        init =>
            (Limit, WindowSeconds, Algorithm, Burst, Per, WhenMissing, Period, TimeZone, Anchor) = (
                value.Limit,
                value.WindowSeconds,
                value.Algorithm,
                value.Burst,
                value.Per,
                value.WhenMissing,
                value.Period,
                value.TimeZone,
                value.Anchor
            );
    }

    internal virtual LimitFields ToFields() =>
        new(
            Limit,
            WindowSeconds,
            Algorithm,
            Burst,
            Name: null,
            Per,
            WhenMissing,
            Period,
            TimeZone,
            Anchor
        );
}
