namespace RateLimiter.Application.Logs;

/// <summary>The position up to which a log has been read.</summary>
/// <param name="After">The id of the last decision that was read.</param>
/// <param name="IsBeforeAll">Whether there was no log at that time, so that all decisions of a new log are still to come.</param>
internal readonly record struct LogPosition(long After, bool IsBeforeAll)
{
    /// <summary>The position at the end of a log.</summary>
    public static LogPosition EndOf(LogSegment part) => new(part.End, part.Length == 0);

    /// <summary>The events after this position, from the decisions that were read after it.</summary>
    public (IReadOnlyList<DecisionEvent> Events, LogPosition Next) Continue(LogSegment part)
    {
        if (part.Length == 0)
        {
            // The log has expired, or has no decisions yet. A new log has higher ids.
            return ([], this with { IsBeforeAll = true });
        }

        if (After > part.End)
        {
            // The store has lost the end of the log: new decisions reuse ids of lost ones.
            return ([new DecisionsDropped(part.End, Count: null)], EndOf(part));
        }

        var events = new List<DecisionEvent>(part.Decisions.Count + 1);
        if (After < part.Cut)
        {
            var isOther = After < part.Start;
            var count =
                !isOther ? part.Cut - After
                : IsBeforeAll ? part.Cut - part.Start
                : (long?)null;
            if (count != 0)
            {
                events.Add(new DecisionsDropped(part.Cut, count));
            }
        }

        var id = part.End - part.Decisions.Count;
        foreach (var decision in part.Decisions)
        {
            events.Add(new DecisionMade(++id, decision));
        }

        return (events, EndOf(part));
    }
}
