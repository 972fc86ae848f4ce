using System.Reflection;

namespace RateLimiter.EndToEndTests;

/// <summary>What is committed.</summary>
internal static class RepositoryFile
{
    private static readonly string Root = typeof(RepositoryFile)
        .Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(metadata => metadata.Key == "RepositoryPath")
        .Value!;

    /// <summary>Where a file is, by its path from the root of the repository.</summary>
    public static string Of(string path) => Path.Combine(Root, path);
}
