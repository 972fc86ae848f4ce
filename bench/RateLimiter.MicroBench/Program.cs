using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Running;

// Parts of the path of a check, with their allocations. Without arguments it asks which; `--filter '*'` runs all,
// `--job short` faster and less exactly.
BenchmarkSwitcher
    .FromAssembly(typeof(Program).Assembly)
    .Run(args, DefaultConfig.Instance.WithArtifactsPath("artifacts/micro-bench"));
