using System.Reflection;

namespace RateLimiter.EndToEndTests;

/// <summary>What is committed.</summary>
internal static class RepositoryFile
{
    private static readonly string Root = Metadata("RepositoryPath");

    /// <summary>In which configuration these tests were built, and all that they start.</summary>
    public static string Configuration { get; } = Metadata("Configuration");

    /// <summary>Where a file is, by its path from the root of the repository.</summary>
    public static string Of(string path) => Path.Combine(Root, path);

    private static string Metadata(string key) =>
        typeof(RepositoryFile)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == key)
            .Value!;
}
