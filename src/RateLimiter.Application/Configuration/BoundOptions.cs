using System.Globalization;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace RateLimiter.Application.Configuration;

/// <summary>How options of all layers are read and checked.</summary>
public static class BoundOptions
{
    /// <summary>
    /// Adds options that are bound to a section of the configuration. Each must keep its <see cref="BoundsAttribute"/>, or the
    /// service does not start; the message names the option as its operator writes it, such as <c>Store:TimeoutMs</c>.
    /// </summary>
    /// <param name="services">Where to add them.</param>
    /// <param name="section">The section of the configuration.</param>
    /// <param name="isUsed">Whether what they configure is used; else bounds are not checked. Always, when null.</param>
    public static OptionsBuilder<TOptions> AddBoundOptions<TOptions>(
        this IServiceCollection services,
        string section,
        Func<TOptions, bool>? isUsed = null
    )
        where TOptions : class
    {
        var options = services.AddOptions<TOptions>().BindConfiguration(section).ValidateOnStart();
        foreach (var property in typeof(TOptions).GetProperties())
        {
            if (property.GetCustomAttribute<BoundsAttribute>() is { Min: var min, Max: var max })
            {
                options.Validate(
                    given =>
                        isUsed?.Invoke(given) == false
                        || Convert.ToInt64(property.GetValue(given), CultureInfo.InvariantCulture)
                            is var value
                            && value >= min
                            && value <= max,
                    $"{section}:{property.Name} must be from {min} to {max}."
                );
            }
        }

        return options;
    }
}
