namespace RateLimiter.Bench;

/// <summary>Builds what is measured.</summary>
internal static class Build
{
    public static async Task RunAsync(bool withoutPeers, CancellationToken cancellationToken)
    {
        await PublishAsync("service", "src/RateLimiter.Api", cancellationToken);
        await PublishAsync("bare", "bench/RateLimiter.Bench.Bare", cancellationToken);
        if (!withoutPeers)
        {
            var folder = Directory.CreateDirectory(Repository.Artifact("fastify")).FullName;
            foreach (var file in Directory.EnumerateFiles(Repository.Asset("peers", "fastify")))
            {
                File.Copy(file, Path.Combine(folder, Path.GetFileName(file)), overwrite: true);
            }

            await Command.RunAsync("npm", ["install"], cancellationToken, folder);
        }
    }

    private static async Task PublishAsync(
        string name,
        string project,
        CancellationToken cancellationToken
    ) =>
        await Command.RunAsync(
            "dotnet",
            ["publish", "-c", "Release", project, "-o", Repository.Artifact(name)],
            cancellationToken,
            Repository.Root
        );
}
