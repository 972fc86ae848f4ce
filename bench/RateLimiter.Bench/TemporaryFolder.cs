namespace RateLimiter.Bench;

/// <summary>A folder of its own for something that the bench started.</summary>
internal sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ratelimiter-bench-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
