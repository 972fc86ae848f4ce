[assembly: FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
[assembly: Parallelizable(ParallelScope.All)]

// Every test works beside a service and a store that are processes of their own.
[assembly: LevelOfParallelism(3)]
