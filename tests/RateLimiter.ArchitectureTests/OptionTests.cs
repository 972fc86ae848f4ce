using System.Globalization;
using System.Reflection;

namespace RateLimiter.ArchitectureTests;

public sealed class OptionTests
{
    /// <summary>The line of each option, as far as it can be told from the default of its property.</summary>
    private static IEnumerable<string> Lines() =>
        from type in Layers.All.SelectMany(layer => layer.WrittenTypes())
        where type.Name.EndsWith("Options", StringComparison.Ordinal)
        let section = type.GetField("Section")?.GetRawConstantValue()
        where section is not null
        let defaults = Activator.CreateInstance(type)
        from property in type.GetProperties()
        where property.SetMethod?.IsPublic == true
        select $"#{section}__{property.Name}={Text(property, defaults)}";

    [Test]
    public void EnvExample_EveryOption_StandsThereWithItsDefault()
    {
        var lines = File.ReadAllLines(Path.Combine(SourceTests.Root, "..", ".env.example"));
        var options = Lines().ToList();

        Assert.That(options, Has.Count.GreaterThan(20));
        Assert.That(
            options.Where(option =>
                !lines.Any(line =>
                    option.EndsWith('=')
                        ? line.StartsWith(option, StringComparison.Ordinal)
                        : line == option
                )
            ),
            Is.Empty
        );
    }

    private static string Text(PropertyInfo property, object? defaults) =>
        property.GetValue(defaults) switch
        {
            // Examples stand there for texts that have no default.
            null => "",
            bool value => value ? "true" : "false",
            Enum value => $"{value}".ToLowerInvariant(),
            IFormattable value => value.ToString(null, CultureInfo.InvariantCulture),
            var value => $"{value}",
        };
}
