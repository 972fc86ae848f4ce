namespace RateLimiter.Bench;

/// <summary>Where things are.</summary>
internal static class Repository
{
    /// <summary>The folder of the solution.</summary>
    public static string Root { get; } =
        Ancestors(AppContext.BaseDirectory)
            .First(folder => File.Exists(Path.Combine(folder, "RateLimiter.sln")));

    public static string Document { get; } = Path.Combine(Root, "docs", "benchmarks.md");

    public static string Promises { get; } = Path.Combine(Root, "bench", "promises.json");

    /// <summary>What the bench builds before it measures.</summary>
    public static string Artifact(string name) => Path.Combine(Root, "artifacts", "bench", name);

    /// <summary>A file that belongs to the bench.</summary>
    public static string Asset(params string[] path) =>
        Path.Combine([AppContext.BaseDirectory, .. path]);

    private static IEnumerable<string> Ancestors(string folder)
    {
        for (var at = new DirectoryInfo(folder); at is not null; at = at.Parent)
        {
            yield return at.FullName;
        }
    }
}
