namespace RateLimiter.TestStores;

/// <summary>A folder of a test's own, gone when the test is over.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ratelimiter-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
