using System.Text.RegularExpressions;
using RateLimiter.Application.Checks;
using RateLimiter.Domain.Checks;

namespace RateLimiter.Dashboard.Formatting;

/// <summary>
/// Subjects as viewers read and enter them, <c>org=acme, model=gpt</c>, and as addresses have them: a parameter for each.
/// </summary>
public static partial class SubjectText
{
    /// <summary>The name of the parameter of an address.</summary>
    public const string Parameter = "subject";

    /// <summary>The texts of all subjects.</summary>
    public static IEnumerable<string> Pairs(SubjectValues? subjects) =>
        subjects?.Select(subject => $"{subject.Key}={subject.Value}") ?? [];

    /// <summary>The text of all subjects; empty without any.</summary>
    public static string Write(SubjectValues? subjects) => string.Join(", ", Pairs(subjects));

    /// <summary>Reads what a viewer entered.</summary>
    /// <returns>The subjects, null without any; or what is wrong with them.</returns>
    public static (SubjectValues? Subjects, string? Problem) Read(string? entered) =>
        string.IsNullOrWhiteSpace(entered) ? default : Read(Separator().Split(entered.Trim()));

    /// <summary>Reads the parameters of an address.</summary>
    /// <inheritdoc cref="Read(string?)"/>
    public static (SubjectValues? Subjects, string? Problem) Read(IEnumerable<string>? pairs)
    {
        var subjects = new Dictionary<string, string>();
        foreach (var pair in pairs ?? [])
        {
            if (pair.Split('=', 2) is not [var name, var value])
            {
                return (null, "must be as in org=acme");
            }

            if (!subjects.TryAdd(name, value))
            {
                return (null, $"must name {name} only once");
            }
        }

        string? problem = null;
        SubjectRules.Validate(
            subjects,
            name => name,
            (name, wrong) => problem ??= $"{name} {wrong}"
        );
        return problem is null ? (SubjectValues.Of(subjects), null) : (null, problem);
    }

    // A value may have commas: only one before another name and its sign ends it.
    [GeneratedRegex(@"\s*,\s*(?=[a-z][a-z0-9_]*=)")]
    private static partial Regex Separator();
}
