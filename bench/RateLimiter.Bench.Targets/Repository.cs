namespace RateLimiter.Bench;

/// <summary>Paths in the repository.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } = FindRoot(new DirectoryInfo(AppContext.BaseDirectory));

    public static string Document { get; } = Path.Combine(Root, "docs", "benchmarks.md");

    public static string Operations { get; } = Path.Combine(Root, "docs", "operations.md");

    public static string Promises { get; } = Path.Combine(Root, "bench", "promises.json");

    /// <summary>A program that the bench builds before it measures.</summary>
    public static string Artifact(string name) => Path.Combine(Root, "artifacts", "bench", name);

    /// <summary>A file of the bench or its peers.</summary>
    public static string Asset(params IEnumerable<string> path) =>
        Path.Combine([AppContext.BaseDirectory, .. path]);

    private static string FindRoot(DirectoryInfo folder) =>
        File.Exists(Path.Combine(folder.FullName, "RateLimiter.sln"))
            ? folder.FullName
            : FindRoot(folder.Parent!);
}
