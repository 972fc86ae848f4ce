[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[assembly: Parallelizable(ParallelScope.All)]

// Most tests start servers, some of them services in processes of their own.
[assembly: LevelOfParallelism(3)]
[assembly: RateLimiter.TestStores.Progress(20)]
