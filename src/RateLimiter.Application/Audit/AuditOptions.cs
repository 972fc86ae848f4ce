using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Audit;

/// <summary>How audit trails are kept where the system of record knows the age of an entry.</summary>
public sealed class AuditOptions
{
    public const string Section = "Audit";
    public const int MaxRetentionDays = 36_500;

    /// <summary>
    /// How long an entry is kept in PostgreSQL, in days; default 365; 0 is for ever. In Redis and the embedded
    /// store the size of a trail is limited instead, by <c>Quotas:MaxHistoryBytes</c>.
    /// </summary>
    [Bounds(0, MaxRetentionDays)]
    public int RetentionDays { get; set; } = 365;
}
