using RateLimiter.Domain;
using RateLimiter.Infrastructure.Redis.Connection;
using StackExchange.Redis;

namespace RateLimiter.Infrastructure.Redis.Analytics;

/// <summary>The parts of writes that add to the counts of subjects beside the user.</summary>
internal sealed class SubjectParts(AnalyticsRetention retention)
{
    /// <summary>
    /// The most values of a subject in an hour that are written at a time. The others are added to the count of all others.
    /// </summary>
    internal const int MaxValues = 200;

    private readonly ClientCounts<SubjectKey> subjects = new(
        subject => subject.Client,
        maxRoom: 4 * DecisionCounts.MaxSubjects
    );

    /// <summary>Takes over the counts of all clients; those of an earlier call are forgotten.</summary>
    public void Group(IEnumerable<KeyValuePair<SubjectKey, NamedTally>> counts) =>
        subjects.Group(counts);

    /// <summary>The parts for the counts of a client.</summary>
    public IEnumerable<AnalyticsPart> Of(ClientId client)
    {
        foreach (var all in subjects.Of(client).GroupBy(it => (it.Key.Name, it.Key.Hour)))
        {
            var (name, hour) = all.Key;
            var first = ClientCounts<SubjectKey>.First(
                all.Where(it => it.Key.Value != SubjectKey.Other),
                MaxValues
            );
            var other = new NamedTally(
                all.Sum(it => it.Value.Checks) - first.Sum(it => it.Value.Checks),
                all.Sum(it => it.Value.Denied) - first.Sum(it => it.Value.Denied)
            );
            if (other.Checks > 0)
            {
                first.Add(new(new SubjectKey(client, hour, name, SubjectKey.Other), other));
            }

            yield return new AnalyticsPart(
                RedisKeys.AnalyticsSubjects(client, name, hour),
                "subjects",
                retention.EndOfUsers(hour),
                [
                    first.Count,
                    .. first.SelectMany(it =>
                        new RedisValue[] { it.Key.Value, it.Value.Checks, it.Value.Denied }
                    ),
                ],
                first.Count
            );
        }
    }
}
