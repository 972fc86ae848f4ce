using Microsoft.Extensions.Options;

namespace RateLimiter.Application.Configuration;

/// <summary>Validation rules for the options of all layers.</summary>
public static class OptionRules
{
    /// <summary>Requires that a number lies between two bounds, inclusive.</summary>
    /// <param name="options">The options.</param>
    /// <param name="name">The name of the option as an operator writes it, such as <c>Store:TimeoutMs</c>.</param>
    /// <param name="value">Its value.</param>
    /// <param name="min">The minimum.</param>
    /// <param name="max">The maximum.</param>
    /// <param name="isUsed">Whether the option is in use; if not, it is not validated. Default: always.</param>
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
