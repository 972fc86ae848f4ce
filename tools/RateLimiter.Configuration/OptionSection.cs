using System.Reflection;
using RateLimiter.Api.Hosting;

namespace RateLimiter.Configuration;

/// <summary>A section of the configuration, with the options of a class <c>…Options</c>.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Type">The class.</param>
/// <param name="Options">Its options, in the order in which the class declares them.</param>
public sealed record OptionSection(string Name, Type Type, IReadOnlyList<ServiceOption> Options)
{
    /// <summary>The constant of the class that names its section.</summary>
    private const string Constant = "Section";

    /// <summary>All sections that the built service reads, in the order of their names.</summary>
    public static IReadOnlyList<OptionSection> ReadAll() =>
        [
            .. from assembly in Layers()
            from type in assembly.GetTypes()
            where type.Name.EndsWith("Options", StringComparison.Ordinal)
            where type.GetField(Constant) is not null
            let section = Read(type)
            orderby section.Name
            select section,
        ];

    private static IEnumerable<Assembly> Layers()
    {
        var api = typeof(ShutdownOptions).Assembly;
        return api.GetReferencedAssemblies()
            .Where(name => name.Name!.StartsWith("RateLimiter.", StringComparison.Ordinal))
            .Select(Assembly.Load)
            .Prepend(api);
    }

    private static OptionSection Read(Type type)
    {
        var section = (string)type.GetField(Constant)!.GetRawConstantValue()!;
        var defaults = Activator.CreateInstance(type);
        return new OptionSection(
            section,
            type,
            [
                .. from property in type.GetProperties()
                where property.SetMethod?.IsPublic == true
                select new ServiceOption(section, property, property.GetValue(defaults)),
            ]
        );
    }
}
