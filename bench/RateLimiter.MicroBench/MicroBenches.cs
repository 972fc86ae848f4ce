using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

namespace RateLimiter.MicroBench;

/// <summary>
/// Parts of the path of a check, with their allocations. Without arguments it asks which to run; <c>--filter '*'</c>
/// runs all, <c>--job short</c> faster and less exactly.
/// </summary>
internal static class MicroBenches
{
    private static void Main(string[] args) =>
        BenchmarkSwitcher
            .FromAssembly(typeof(MicroBenches).Assembly)
            .Run(args, DefaultConfig.Instance.WithArtifactsPath("artifacts/micro-bench"));
}
