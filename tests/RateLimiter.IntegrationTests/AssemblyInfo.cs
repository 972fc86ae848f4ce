[assembly: Parallelizable(ParallelScope.Fixtures)]

// Most tests wait for a server in another process.
[assembly: LevelOfParallelism(3)]
[assembly: RateLimiter.TestStores.Progress(20)]
