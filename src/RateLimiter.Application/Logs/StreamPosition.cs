namespace RateLimiter.Application.Logs;

/// <summary>The position of a stream in the logs of a client.</summary>
/// <param name="Decisions">The id of the last decision before it; 0 before all.</param>
/// <param name="Changes">The id of the last change before it; null where changes are not followed.</param>
public readonly record struct StreamPosition(long Decisions, long? Changes = null)
{
    /// <summary>The position in a log.</summary>
    public long? In(ClientLog log) => log == ClientLog.Decisions ? Decisions : Changes;

    /// <summary>The position after an event.</summary>
    public StreamPosition After(LogEvent it) =>
        it.Log == ClientLog.Decisions
            ? this with
            {
                Decisions = it.Id,
            }
            : this with
            {
                Changes = it.Id,
            };
}
