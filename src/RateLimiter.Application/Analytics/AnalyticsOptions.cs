using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Analytics;

/// <summary>Whether checks are counted for analytics, and how long the counts are kept.</summary>
public sealed class AnalyticsOptions
{
    public const string Section = "Analytics";
    public const int MaxMinuteRetentionHours = 744;
    public const int MaxHourRetentionDays = 3660;
    public const int MaxUserRetentionDays = 366;

    /// <summary>
    /// Whether checks are counted for <c>GET /analytics/…</c>; what was counted before can be read all the same.
    /// </summary>
    public bool Enabled { get; set; } = true;

    /// <summary>How long the counts of each minute are kept, in hours.</summary>
    [Bounds(1, MaxMinuteRetentionHours)]
    public int MinuteRetentionHours { get; set; } = 48;

    /// <summary>How long the counts of each hour are kept, in days.</summary>
    [Bounds(1, MaxHourRetentionDays)]
    public int HourRetentionDays { get; set; } = 90;

    /// <summary>How long the counts of users and other subjects in each hour are kept, in days.</summary>
    [Bounds(1, MaxUserRetentionDays)]
    public int UserRetentionDays { get; set; } = 7;

    public TimeSpan MinuteRetention => TimeSpan.FromHours(MinuteRetentionHours);

    public TimeSpan HourRetention => TimeSpan.FromDays(HourRetentionDays);

    public TimeSpan UserRetention => TimeSpan.FromDays(UserRetentionDays);
}
