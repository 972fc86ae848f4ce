using System.Globalization;
using System.Reflection;
using RateLimiter.Application.Configuration;

namespace RateLimiter.Configuration;

/// <summary>An option of the service.</summary>
/// <param name="Section">The section of the configuration that it is in.</param>
/// <param name="Property">The property that holds it.</param>
/// <param name="Value">Its default.</param>
public sealed record ServiceOption(string Section, PropertyInfo Property, object? Value)
{
    /// <summary>Its environment variable.</summary>
    public string Variable => $"{Section}__{Property.Name}";

    /// <summary>Its default as the environment has it; empty where there is none.</summary>
    public string Default => Text(Value);

    /// <summary>The least and the most that it can be; null where it has no <see cref="BoundsAttribute"/>.</summary>
    public BoundsAttribute? Bounds => Property.GetCustomAttribute<BoundsAttribute>();

    /// <summary>The members of its type and what the environment has for them, where it is one of a few.</summary>
    public IEnumerable<(string Member, string Text)> Choices =>
        Property.PropertyType.IsEnum
            ? Enum.GetValues(Property.PropertyType)
                .Cast<object>()
                .Select(value => ($"{value}", Text(value)))
            : [];

    private static string Text(object? value) =>
        value switch
        {
            null => "",
            bool => value is true ? "true" : "false",
            Enum => $"{value}".ToLowerInvariant(),
            IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
            _ => $"{value}",
        };
}
