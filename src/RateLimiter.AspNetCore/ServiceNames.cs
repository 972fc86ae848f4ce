using System.Runtime.CompilerServices;

namespace RateLimiting.AspNetCore;

/// <summary>
/// The names that the service takes. Any other gets no decision, so that whoever chooses his own name would pass where the
/// policy fails open.
/// </summary>
internal static class ServiceNames
{
    public const int MaxUserLength = 256;
    public const int MaxRouteLength = 128;
    public const int MaxRoleLength = 128;

    /// <param name="name">Not empty.</param>
    /// <param name="maxLength">The most characters, in Unicode code points.</param>
    public static bool IsTaken(string name, int maxLength) =>
        (name.Length <= maxLength || name.EnumerateRunes().Count() <= maxLength)
        && !name.Any(char.IsControl);

    /// <summary>The name, if the service takes it.</summary>
    /// <exception cref="ArgumentException">It does not.</exception>
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
