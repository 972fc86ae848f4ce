using System.Reflection;

namespace RateLimiter.TestServices;

/// <summary>Files of the repository.</summary>
public static class RepositoryFile
{
    private static readonly string Root = Metadata("RepositoryPath");

    /// <summary>The build configuration of these tests, and of all that they start.</summary>
    public static string Configuration { get; } = Metadata("Configuration");

    /// <summary>The location of a file, by its path from the root of the repository.</summary>
    public static string Of(string path) => Path.Combine(Root, path);

    private static string Metadata(string key) =>
        typeof(RepositoryFile)
            .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
            .Single(metadata => metadata.Key == key)
            .Value!;
}
