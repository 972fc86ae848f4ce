[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[assembly: Parallelizable(ParallelScope.All)]

// Many of the tests wait.
[assembly: LevelOfParallelism(6)]
[assembly: RateLimiter.TestStores.Progress(20)]
