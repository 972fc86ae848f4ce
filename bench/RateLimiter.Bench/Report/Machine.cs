using System.Globalization;

namespace RateLimiter.Bench.Report;

/// <summary>The machine that measured.</summary>
internal static class Machine
{
    public static async Task<string> DescribeAsync(
        bool withoutPeers,
        CancellationToken cancellationToken
    )
    {
        var memory = GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / (1 << 30);
        var tools = await Tools.DescribeAsync(withoutPeers, cancellationToken);
        return string.Create(
            CultureInfo.InvariantCulture,
            $"""
            - {Environment.ProcessorCount} cores of {Field(
                "/proc/cpuinfo",
                "model name",
                ':'
            )}, {memory} GB, shared by the server, its store and wrk
            - {Field("/etc/os-release", "PRETTY_NAME", '=')}, Linux {Kernel()}
            - {tools}

            """
        );
    }

    private static string Kernel() => File.ReadAllText("/proc/sys/kernel/osrelease").Trim();

    private static string Field(string file, string name, char separator) =>
        File.ReadLines(file)
            .First(line => line.StartsWith(name, StringComparison.Ordinal))
            .Split(separator)[1]
            .Trim(' ', '"');
}
