namespace RateLimiter.Bench;

/// <summary>Builds the programs that are measured.</summary>
internal static class Build
{
    /// <param name="withoutPeers">Whether only the service and the baseline are measured.</param>
    /// <param name="aheadOfTime">
    /// Whether the service is compiled ahead of time, as in the image. It starts sooner, and takes minutes to build; once warm,
    /// it is as fast without.
    /// </param>
    public static async Task RunAsync(bool withoutPeers, bool aheadOfTime)
    {
        await PublishServiceAsync(aheadOfTime);
        await PublishAsync("bare", "bench/RateLimiter.Bench.Bare", aheadOfTime: false);
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

    public static Task PublishServiceAsync(bool aheadOfTime) =>
        PublishAsync("service", "src/RateLimiter.Api", aheadOfTime);

    private static async Task PublishAsync(string name, string project, bool aheadOfTime) =>
        await RunningProcess.RunAsync(
            "dotnet",
            [
                "publish",
                "--use-current-runtime",
                "-c",
                "Release",
                // Compression of static pages, which are not requested here: it takes longer than everything else.
                "-p:CompressionEnabled=false",
                $"-p:PublishReadyToRun={aheadOfTime}",
                project,
                "-o",
                Repository.Artifact(name),
            ],
            Repository.Root
        );
}
