using FluentValidation;

namespace RateLimiter.UnitTests;

internal static class Validation
{
    /// <summary>The errors of a validator, as "Property: message".</summary>
    public static IEnumerable<string> Faults<T>(this IValidator<T> validator, T request) =>
        validator
            .Validate(request)
            .Errors.Select(error => $"{error.PropertyName}: {error.ErrorMessage}");

    public static string Text(int length, string character = "x") =>
        string.Concat(Enumerable.Repeat(character, length));
}
