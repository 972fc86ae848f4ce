using System.Runtime.CompilerServices;

namespace RateLimiting.AspNetCore;

/// <summary>
/// The rules for names that the service accepts. Any other name gets no decision, so a caller that can choose its own name
/// would pass where the policy fails open.
/// </summary>
internal static class ServiceNames
{
    public const int MaxUserLength = 256;
    public const int MaxRouteLength = 128;
    public const int MaxRoleLength = 128;
    public const int MaxSubjectLength = 256;

    /// <param name="name">The name, not empty.</param>
    /// <param name="maxLength">The maximum length, in Unicode code points.</param>
    public static bool IsTaken(string name, int maxLength) =>
        (name.Length <= maxLength || name.EnumerateRunes().Count() <= maxLength)
        && !name.Any(char.IsControl);

    /// <summary>Returns the name if the service accepts it.</summary>
    /// <exception cref="ArgumentException">The service does not accept it.</exception>
    public static string Checked(
        string name,
        int maxLength,
        [CallerArgumentExpression(nameof(name))] string? parameter = null
    )
    {
        ArgumentException.ThrowIfNullOrEmpty(name, parameter);
        return IsTaken(name, maxLength)
            ? name
            : throw new ArgumentException(
                $"must have at most {maxLength} characters, and no control characters",
                parameter
            );
    }
}
