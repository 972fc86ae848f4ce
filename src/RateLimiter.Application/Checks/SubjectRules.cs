using RateLimiter.Domain;
using RateLimiter.Domain.Checks;
using RateLimiter.Domain.Policies;

namespace RateLimiter.Application.Checks;

/// <summary>The rules of the subjects that a check names beside the user.</summary>
public static class SubjectRules
{
    private const string All = "subjects";

    /// <summary>The field of a subject in a body.</summary>
    public static string Field(string name) => $"{All}.{name}";

    /// <summary>Adds the errors of subjects, by field.</summary>
    /// <param name="subjects">The subjects; null when there are none.</param>
    /// <param name="field">The caller's name of the field of a subject, by the subject's name.</param>
    /// <param name="add">Takes a field and what is wrong with it.</param>
    public static void Validate(
        IReadOnlyDictionary<string, string>? subjects,
        Func<string, string> field,
        Action<string, string> add
    )
    {
        if (subjects is null)
        {
            return;
        }

        if (subjects.Count > SubjectNames.MaxNamed)
        {
            add(All, $"must have at most {SubjectNames.MaxNamed} members");
            return;
        }

        foreach (var (name, value) in subjects)
        {
            if (
                (
                    SubjectNames.Problem(name) ?? Names.Problem(value, SubjectValues.MaxValueLength)
                ) is
                { } problem
            )
            {
                add(field(name), problem);
            }
        }
    }
}
