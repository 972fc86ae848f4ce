namespace RateLimiter.Application.Logs;

/// <summary>The position up to which a log has been read.</summary>
/// <param name="After">The id of the last entry that was read.</param>
/// <param name="IsBeforeAll">Whether there was no log at that time, so that all entries of a new log are still to come.</param>
internal readonly record struct LogPosition(long After, bool IsBeforeAll)
{
    /// <summary>The position at the end of a log.</summary>
    public static LogPosition EndOf(LogSegment part) => new(part.End, part.Length == 0);

    /// <summary>The events after this position, from the entries that were read after it.</summary>
    public (IReadOnlyList<LogEvent> Events, LogPosition Next) Continue(
        LogSegment part,
        ClientLog log = ClientLog.Decisions
    )
    {
        if (part.Length == 0)
        {
            // The log has expired, or has no entries yet. A new log has higher ids.
            return ([], this with { IsBeforeAll = true });
        }

        if (After > part.End)
        {
            // The store has lost the end of the log: new entries reuse ids of lost ones.
            return ([new EntriesDropped(log, part.End, Count: null)], EndOf(part));
        }

        var events = new List<LogEvent>(part.Entries.Count + 1);
        if (After < part.Cut)
        {
            var isOther = After < part.Start;
            var count =
                !isOther ? part.Cut - After
                : IsBeforeAll ? part.Cut - part.Start
                : (long?)null;
            if (count != 0)
            {
                events.Add(new EntriesDropped(log, part.Cut, count));
            }
        }

        var id = part.End - part.Entries.Count;
        foreach (var entry in part.Entries)
        {
            id++;
            if (entry is { } known)
            {
                events.Add(new EntryLogged(log, id, known));
            }
        }

        return (events, EndOf(part));
    }
}
