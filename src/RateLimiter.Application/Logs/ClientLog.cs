using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>
/// The logs of a client. Each keeps its own newest entries, so that changes, however many, never push out a decision.
/// </summary>
public enum ClientLog
{
    /// <summary>The decisions of checks.</summary>
    Decisions,

    /// <summary>The changes of counters that no check made.</summary>
    Changes,
}

public static class ClientLogs
{
    /// <summary>The log that an entry belongs to.</summary>
    public static ClientLog LogOf(this in LogEntry entry) =>
        entry.Kind == LogEntryKind.Decision ? ClientLog.Decisions : ClientLog.Changes;
}
