[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[assembly: Parallelizable(ParallelScope.All)]

// Every test uses a service and a store in processes of their own.
[assembly: LevelOfParallelism(3)]
