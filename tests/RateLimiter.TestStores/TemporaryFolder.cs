namespace RateLimiter.TestStores;

/// <summary>A folder of one test, which is deleted after the test.</summary>
public sealed class TemporaryFolder : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("ratelimiter-test-").FullName;

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
