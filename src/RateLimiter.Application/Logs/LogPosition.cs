using RateLimiter.Domain.Checks;

namespace RateLimiter.Application.Logs;

/// <summary>How far a log has been read.</summary>
/// <param name="After">The id of the last decision that is known.</param>
/// <param name="IsBeforeAll">Whether there was no log then, so that all that a new one ever had are still to come.</param>
internal readonly record struct LogPosition(long After, bool IsBeforeAll)
{
    /// <summary>Where a log stands.</summary>
    public static LogPosition EndOf(LogPart part) => new(part.End, part.Length == 0);

    /// <summary>What comes after this position, by what was read after it.</summary>
    public (IReadOnlyList<DecisionEvent> Events, LogPosition Next) Continue(LogPart part)
    {
        if (part.Length == 0)
        {
            // It has expired, or nothing was decided yet. A new log has higher ids.
            return ([], this with { IsBeforeAll = true });
        }

        if (After > part.End)
        {
            // The store has lost the end of the log: what comes now has ids that others had before.
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
