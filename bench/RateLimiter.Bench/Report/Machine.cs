using System.Globalization;

namespace RateLimiter.Bench.Report;

/// <summary>The machine that measured.</summary>
internal static class Machine
{
    public static async Task<string> DescribeAsync(bool withoutPeers)
    {
        var tools = await Tools.DescribeAsync(withoutPeers);
        var gigabytes = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30);
        var kernel = File.ReadAllText("/proc/sys/kernel/osrelease").Trim();
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            - {Environment.ProcessorCount} cores of {Field(
                "/proc/cpuinfo",
                "model name"
            )}, {gigabytes} GB, shared by the server, its store and wrk
            - {Field("/etc/os-release", "PRETTY_NAME")}, Linux {kernel}
            - {tools}

            """
        );
    }

    private static string Field(string file, string name) =>
        File.ReadLines(file)
            .First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(':', '=')[1]
            .Trim(' ', '"');
}
