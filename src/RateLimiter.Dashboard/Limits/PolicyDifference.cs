using RateLimiter.Domain.Policies;

namespace RateLimiter.Dashboard.Limits;

/// <summary>A changed field of a policy.</summary>
/// <param name="Field">Its name.</param>
/// <param name="Before">Null when there was no value.</param>
/// <param name="After">Null when there is no value any more.</param>
public sealed record PolicyDifference(string Field, string? Before, string? After)
{
    /// <summary>The fields that a save has changed; empty when there is no change.</summary>
    public static IReadOnlyList<PolicyDifference> Between(
        PolicyDefinition before,
        PolicyDefinition after
    ) =>
        [
            .. LimitsBetween(before.Limits, after.Limits),
            .. Of("Mode", ModeOf(before), ModeOf(after)),
            .. Of("Active", before.IsActive ? "yes" : "no", after.IsActive ? "yes" : "no"),
            .. Of(
                "On store failure",
                LimitWords.Of(before.OnStoreFailure),
                LimitWords.Of(after.OnStoreFailure)
            ),
            .. Of("Description", before.Description, after.Description),
        ];

    private static string ModeOf(PolicyDefinition definition) =>
        definition.Mode == PolicyMode.Shadow ? "shadow" : "enforce";

    private static IEnumerable<PolicyDifference> LimitsBetween(LimitList before, LimitList after)
    {
        var names = before.Concat(after).Select(limit => limit.Name).Distinct().ToList();
        foreach (var name in names)
        {
            var field = names is [Limit.DefaultName] ? "Limit" : $"Limit {name}";
            foreach (var difference in Of(field, WordsOf(before, name), WordsOf(after, name)))
            {
                yield return difference;
            }
        }

        if (
            before.Count == names.Count
            && after.Count == names.Count
            && !before.Select(limit => limit.Name).SequenceEqual(after.Select(limit => limit.Name))
        )
        {
            yield return new PolicyDifference("Order of limits", OrderOf(before), OrderOf(after));
        }
    }

    private static string? WordsOf(IReadOnlyList<Limit> limits, string name) =>
        limits.FirstOrDefault(limit => limit.Name == name) is { } limit
            ? LimitWords.Of(limit)
            : null;

    private static string OrderOf(IReadOnlyList<Limit> limits) =>
        string.Join(", ", limits.Select(limit => limit.Name));

    private static IEnumerable<PolicyDifference> Of(string field, string? before, string? after) =>
        before == after ? [] : [new PolicyDifference(field, before, after)];
}
