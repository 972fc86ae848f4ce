using Microsoft.Extensions.Options;

namespace RateLimiter.Application.Configuration;

/// <summary>What options of all layers have in common.</summary>
public static class OptionRules
{
    /// <summary>A number that must lie between two others, which may be it.</summary>
    /// <param name="options">The options.</param>
    /// <param name="name">The option as its operator writes it, such as <c>Store:TimeoutMs</c>.</param>
    /// <param name="value">Its value.</param>
    /// <param name="min">The least that it can be.</param>
    /// <param name="max">The most that it can be.</param>
    /// <param name="isUsed">Whether what it belongs to is used; else it is not judged. Always, when left out.</param>
    public static OptionsBuilder<TOptions> MustBeWithin<TOptions>(
        this OptionsBuilder<TOptions> options,
        string name,
        Func<TOptions, long> value,
        long min,
        long max,
        Func<TOptions, bool>? isUsed = null
    )
        where TOptions : class =>
        options.Validate(
            given => isUsed?.Invoke(given) == false || (value(given) >= min && value(given) <= max),
            $"{name} must be from {min} to {max}."
        );
}
