namespace RateLimiter.Bench;

/// <summary>Builds the programs that are measured.</summary>
internal static class Build
{
    public static async Task RunAsync(bool withoutPeers)
    {
        await PublishServiceAsync();
        await PublishAsync("bare", "bench/RateLimiter.Bench.Bare");
        if (!withoutPeers)
        {
            var folder = Directory.CreateDirectory(Repository.Artifact("fastify")).FullName;
            foreach (var file in (string[])["package.json", "server.js"])
            {
                File.Copy(
                    Repository.Asset("fastify", file),
                    Path.Combine(folder, file),
                    overwrite: true
                );
            }

            await RunningProcess.RunAsync("npm", ["install"], folder);
        }
    }

    public static Task PublishServiceAsync() => PublishAsync("service", "src/RateLimiter.Api");

    private static async Task PublishAsync(string name, string project) =>
        await RunningProcess.RunAsync(
            "dotnet",
            [
                "publish",
                "--use-current-runtime",
                "-c",
                "Release",
                // Compression of static pages, which are not requested here: it takes longer than everything else.
                "-p:CompressionEnabled=false",
                project,
                "-o",
                Repository.Artifact(name),
            ],
            Repository.Root
        );
}
