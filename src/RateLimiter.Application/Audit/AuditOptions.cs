using RateLimiter.Application.Configuration;

namespace RateLimiter.Application.Audit;

/// <summary>
/// How long audit trails are kept in PostgreSQL. In Redis and the embedded store the size of a trail is limited instead, by
/// <see cref="Quotas.QuotaOptions.MaxHistoryBytes"/>.
/// </summary>
public sealed class AuditOptions
{
    public const string Section = "Audit";
    public const int MaxRetentionDays = 36_500;

    /// <summary>How long an entry is kept, in days; 0 for ever.</summary>
    [Bounds(0, MaxRetentionDays)]
    public int RetentionDays { get; set; } = 365;
}
