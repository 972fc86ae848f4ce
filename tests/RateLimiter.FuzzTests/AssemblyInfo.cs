[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[assembly: Parallelizable(ParallelScope.All)]

// Every test uses a service in a process of its own.
[assembly: LevelOfParallelism(3)]
